import { useState } from "react";
import type { OrderStatus } from "@/api/client";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { SearchField, SelectField, TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import type { Filters } from "../url";
import type { OrderFilter } from "./queries";

const STATUSES: OrderStatus[] = ["pending", "confirmed", "fulfilled", "rejected", "cancelled"];

export function OrderFilters({ filters }: { filters: Filters<OrderFilter> }) {
  const { orders, common } = useAdminTexts();
  const { values, set } = filters;
  const [isWide, setIsWide] = useState(Boolean(values.sku || values.from || values.to || values.email));
  return (
    <search className={form.filters}>
      <SelectField
        label={orders.statusName}
        value={values.status}
        onChange={(event) => set({ status: event.target.value })}
      >
        <option value="">{common.all}</option>
        {STATUSES.map((status) => (
          <option key={status} value={status}>
            {orders.status[status]}
          </option>
        ))}
      </SelectField>
      <SearchField
        label={orders.number}
        inputMode="numeric"
        value={values.number}
        onSettled={(number) => set({ number: number.replace(/\D/g, "") })}
      />
      {isWide && (
        <>
          <SearchField
            label={orders.email}
            inputMode="email"
            value={values.email}
            onSettled={(email) => set({ email })}
          />
          <SearchField label={orders.sku} value={values.sku} onSettled={(sku) => set({ sku })} />
          <TextField
            label={common.from}
            type="date"
            value={values.from}
            onChange={(event) => set({ from: event.target.value })}
          />
          <TextField
            label={common.to}
            type="date"
            value={values.to}
            onChange={(event) => set({ to: event.target.value })}
          />
        </>
      )}
      <div className={form.actions}>
        {!isWide && <Button onClick={() => setIsWide(true)}>{common.more}</Button>}
        {filters.isNarrowed && (
          <Button look="quiet" onClick={filters.clear}>
            {common.clear}
          </Button>
        )}
      </div>
    </search>
  );
}
