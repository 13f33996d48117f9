import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useNavigate, useParams } from "react-router";
import type { Product } from "@/api/client";
import { isProblem, type Problem } from "@/api/problems";
import { useSpeech } from "@/texts";
import { Button, ButtonLink } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import { Badge } from "../ui/Badge";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Modal } from "../ui/Modal";
import { Refused } from "../ui/Refused";
import { Conflict } from "./Conflict";
import { contentOf, type Draft, draftOf } from "./draft";
import { ProductForm } from "./ProductForm";
import { freshProduct, productQuery, useChangeProduct } from "./queries";

/** One product, to be changed, archived or brought back. */
export default function ProductPage() {
  const { slug = "" } = useParams();
  const { products } = useAdminTexts();
  const product = useQuery(productQuery(slug));
  return (
    <Page title={product.data?.name ?? products.title}>
      <Answer query={product} away={products.away} room="30rem">
        {/* What was edited is of one version: another one begins anew. */}
        {(product) => <Editor key={product.version} product={product} />}
      </Answer>
    </Page>
  );
}

function Editor({ product }: { product: Product }) {
  const { products } = useAdminTexts();
  const { language } = useSpeech();
  const change = useChangeProduct();
  const conflict = useConflict(product);
  const navigate = useNavigate();
  const wasSaved = useLocation().state?.saved === true;
  const currency = product.variants[0]?.price.currency ?? "EUR";

  function save(draft: Draft, version = product.version): void {
    const changes = { ...contentOf(draft, currency), ...(draft.slug && { slug: draft.slug }) };
    change.mutate(
      { slug: product.slug, version, changes },
      {
        onSuccess: (saved) =>
          navigate(`/admin/products/${saved.slug}`, { replace: true, state: { saved: true } }),
        onError: (error) => {
          if (isProblem(error, "version_mismatch")) void conflict.find(draft);
        },
      },
    );
  }

  const error = isProblem(change.error, "version_mismatch") ? conflict.error : change.error;
  return (
    <>
      <Heading
        back={{ to: "/admin/products", name: products.title }}
        title={
          <>
            {product.name} {product.status === "archived" && <Badge tone="calm">{products.archived}</Badge>}
          </>
        }
      >
        <Status product={product} />
      </Heading>
      {wasSaved && !change.error && <Notice kind="good">{products.saved}</Notice>}
      <ProductForm
        draft={draftOf(product, language)}
        currency={currency}
        product={product}
        error={error}
        isBusy={change.isPending}
        onSave={(draft) => save(draft)}
      />
      <Conflict
        base={product}
        found={conflict.found}
        onClose={conflict.leave}
        onTheirs={conflict.takeTheirs}
        onMine={(draft, version) => {
          conflict.leave();
          save(draft, version);
        }}
      />
    </>
  );
}

/** What somebody else has made of the product in the meantime. */
function useConflict(product: Product) {
  const queries = useQueryClient();
  const [found, setFound] = useState<{ mine: Draft; theirs: Product } | null>(null);
  const [error, setError] = useState<Problem | null>(null);
  return {
    found,
    error,
    leave: () => setFound(null),
    takeTheirs: (theirs: Product) => queries.setQueryData(productQuery(product.slug).queryKey, theirs),
    find: async (mine: Draft) => {
      try {
        setFound({ mine, theirs: await freshProduct(product.slug) });
        setError(null);
      } catch (problem) {
        if (!isProblem(problem)) throw problem;
        setError(problem);
      }
    },
  };
}

/** On sale or not. */
function Status({ product }: { product: Product }) {
  const { products, common } = useAdminTexts();
  const [asks, setAsks] = useState(false);
  const change = useChangeProduct();
  const isActive = product.status === "active";
  const set = (status: Product["status"]) =>
    change.mutate({ slug: product.slug, version: product.version, changes: { status } });
  return (
    <>
      {change.error && <Refused error={change.error} away={products.away} />}
      {isActive && <ButtonLink to={`/products/${product.slug}`}>{products.inShop}</ButtonLink>}
      {isActive ? (
        <Button look="danger" disabled={change.isPending} onClick={() => setAsks(true)}>
          {products.archive}
        </Button>
      ) : (
        <Button look="main" disabled={change.isPending} onClick={() => set("active")}>
          {products.restore}
        </Button>
      )}
      <Modal title={products.archiveAsk(product.name)} isOpen={asks} onClose={() => setAsks(false)}>
        <p>{products.archiveText}</p>
        <div className={form.actions}>
          <Button
            look="danger"
            onClick={() => {
              setAsks(false);
              set("archived");
            }}
          >
            {products.archive}
          </Button>
          <Button onClick={() => setAsks(false)}>{common.back}</Button>
        </div>
      </Modal>
    </>
  );
}
