import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import type { Category } from "@/api/client";
import { categoriesQuery } from "@/catalog/queries";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Modal } from "../ui/Modal";
import { type Column, Table } from "../ui/Table";
import styles from "./CategoriesPage.module.css";
import { CategoryForm } from "./CategoryForm";
import { Removal } from "./Removal";
import { type Placed, treeOf } from "./tree";

type Open = { what: "add" } | { what: "change" | "remove"; category: Category } | null;

/** The stalls, and what is below each. */
export default function CategoriesPage() {
  const { categories: texts } = useAdminTexts();
  const categories = useQuery(categoriesQuery);
  const [open, setOpen] = useState<Open>(null);
  const columns = useColumns(setOpen);
  const close = () => setOpen(null);
  return (
    <Page title={texts.title}>
      <Heading title={texts.title}>
        <Button look="main" onClick={() => setOpen({ what: "add" })}>
          {texts.add}
        </Button>
      </Heading>
      <Answer query={categories} away={texts.away}>
        {(found) =>
          found.length > 0 ? (
            <Table
              caption={texts.title}
              columns={columns}
              rows={treeOf(found)}
              keyOf={({ category }) => category.slug}
            />
          ) : (
            <p className={form.empty}>{texts.noneYet}</p>
          )
        }
      </Answer>
      <Modal title={texts.add} isOpen={open?.what === "add"} onClose={close}>
        <CategoryForm category={null} onDone={close} />
      </Modal>
      {open?.what === "change" && (
        <Modal title={texts.change(open.category.name)} isOpen onClose={close}>
          <CategoryForm category={open.category} onDone={close} />
        </Modal>
      )}
      {open?.what === "remove" && <Removal category={open.category} onDone={close} />}
    </Page>
  );
}

function useColumns(onOpen: (open: Open) => void): Column<Placed>[] {
  const { categories: texts } = useAdminTexts();
  const { number } = useSpeech();
  return [
    {
      name: texts.name,
      cell: ({ category, depth }) => (
        <span className={styles.name} data-depth={Math.min(depth, 4)}>
          {category.name}
        </span>
      ),
    },
    {
      name: texts.slug,
      cell: ({ category }) => <Link to={`/categories/${category.slug}`}>{category.slug}</Link>,
    },
    { name: texts.position, end: true, cell: ({ category }) => number(category.position) },
    {
      name: texts.actions,
      actions: true,
      cell: ({ category }) => (
        <span className={styles.actions}>
          <Button
            aria-label={texts.change(category.name)}
            onClick={() => onOpen({ what: "change", category })}
          >
            {texts.edit}
          </Button>
          <Button
            look="quiet"
            aria-label={texts.removeOne(category.name)}
            onClick={() => onOpen({ what: "remove", category })}
          >
            {texts.remove}
          </Button>
        </span>
      ),
    },
  ];
}
