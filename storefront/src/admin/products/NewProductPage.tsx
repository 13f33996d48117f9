import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import { Heading } from "../ui/Heading";
import { contentOf, EMPTY } from "./draft";
import { ProductForm } from "./ProductForm";
import { currencyQuery, useAddProduct } from "./queries";

export default function NewProductPage() {
  const { products } = useAdminTexts();
  const currency = useQuery(currencyQuery);
  const add = useAddProduct();
  const navigate = useNavigate();
  return (
    <Page title={products.add}>
      <Heading back={{ to: "/admin/products", name: products.title }} title={products.add} />
      <Answer query={currency} away={products.away} room="30rem">
        {(currency) => (
          <ProductForm
            draft={EMPTY}
            currency={currency}
            product={null}
            error={add.error}
            isBusy={add.isPending}
            onSave={(draft) =>
              add.mutate(
                { ...contentOf(draft, currency), ...(draft.slug && { slug: draft.slug }) },
                {
                  onSuccess: ({ slug }) => navigate(`/admin/products/${slug}`, { state: { saved: true } }),
                },
              )
            }
          />
        )}
      </Answer>
    </Page>
  );
}
