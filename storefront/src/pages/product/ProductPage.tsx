import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import type { Product } from "@/api/client";
import { isProblem } from "@/api/problems";
import { openDrawer } from "@/cart/drawer";
import { MOST_OF_ONE, useCart, useCartChange } from "@/cart/useCart";
import { pathTo } from "@/catalog/categories";
import { type Choice, choose, firstChoice, variantOf } from "@/catalog/choice";
import { categoriesQuery, productQuery } from "@/catalog/queries";
import { Component as NotFound } from "@/pages/NotFoundPage";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { Skeleton } from "@/ui/Skeleton";
import { Stepper } from "@/ui/Stepper";
import { Trouble, wordsFor } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import { Availability } from "./Availability";
import { OptionPicker } from "./OptionPicker";
import { Pictures } from "./Pictures";
import styles from "./ProductPage.module.css";

/** So often the page looks what is left. Unchanged, that is a few bytes. */
const LOOK_MS = 2_000;

export function Component() {
  const { slug = "" } = useParams();
  // What went wrong with one product says nothing of another.
  return <ProductOf key={slug} slug={slug} />;
}

function ProductOf({ slug }: { slug: string }) {
  const { texts } = useSpeech();
  const product = useQuery({ ...productQuery(slug), refetchInterval: LOOK_MS });
  const problem = useTrouble(product);
  if (product.data) {
    // It was there when the page was opened.
    const isGone = product.data.status === "archived" || isAbsent(product.error);
    return (
      <ProductDetails
        key={product.data.slug}
        product={product.data}
        isGone={isGone}
        isOld={product.isRefetchError && !isGone}
      />
    );
  }
  if (isAbsent(problem)) return <NotFound />;
  return (
    <Page title={slug}>
      {problem ? (
        <Trouble error={problem} onRetry={() => void product.refetch()} away={texts.product.away} />
      ) : (
        <div className={styles.columns}>
          <Skeleton height="min(90vw, 34rem)" />
          <Skeleton height="20rem" />
        </div>
      )}
    </Page>
  );
}

const isAbsent = (error: unknown): boolean => isProblem(error) && error.status === 404;

interface DetailsProps {
  product: Product;
  /** No longer sold. */
  isGone: boolean;
  isOld: boolean;
}

function ProductDetails({ product, isGone, isOld }: DetailsProps) {
  const { texts, money } = useSpeech();
  const [address, setAddress] = useSearchParams();
  const [choice, setChoice] = useState<Choice>(() => firstChoice(product, address.get("sku")));
  const [quantity, setQuantity] = useState(1);
  const variant = variantOf(product, choice);
  const change = useCartChange();
  const inCart = useCart().data?.lines.find((line) => line.sku === variant?.sku)?.quantity ?? 0;
  const lowest = product.variants.reduce((low, { price }) => (price.amount < low.amount ? price : low), {
    amount: Number.POSITIVE_INFINITY,
    currency: product.variants[0]?.price.currency ?? "EUR",
  });

  function pick(option: string, value: string) {
    const next = choose(product, choice, option, value);
    setChoice(next);
    const sku = variantOf(product, next)?.sku;
    if (sku) setAddress({ sku }, { replace: true, preventScrollReset: true });
  }

  function add() {
    if (!variant) return;
    change.mutate({ sku: variant.sku, to: (there) => there + quantity }, { onSuccess: () => openDrawer() });
  }

  const isSoldOut = variant?.available === 0;
  return (
    <Page title={product.name}>
      <Trail slug={product.category ?? null} />
      <div className={styles.columns}>
        <Pictures product={product} />
        <div className={styles.words}>
          <h1>{product.name}</h1>
          <p className={styles.price}>{variant ? money(variant.price) : texts.catalog.from(money(lowest))}</p>
          {isOld && <Notice kind="warning">{texts.trouble.old}</Notice>}
          {isGone && <Notice kind="warning">{texts.product.archived}</Notice>}
          {product.options.map((option) => (
            <OptionPicker
              key={option.name}
              product={product}
              option={option}
              choice={choice}
              onPick={(value) => pick(option.name, value)}
            />
          ))}
          {variant && !isGone && <Availability available={variant.available} />}
          <div className={styles.buy}>
            <Stepper
              value={quantity}
              max={MOST_OF_ONE}
              label={texts.product.quantity}
              disabled={isSoldOut || isGone || !variant}
              onChange={setQuantity}
            />
            <Button
              look="main"
              className={styles.add}
              disabled={!variant || isSoldOut || isGone || change.isPending}
              onClick={add}
            >
              {isSoldOut
                ? texts.product.soldOut
                : change.isPending
                  ? texts.product.adding
                  : texts.product.add}
            </Button>
          </div>
          {inCart > 0 && <p className={styles.inCart}>{texts.product.inCart(inCart)}</p>}
          {change.error && (
            <Notice kind="warning" title={texts.cart.notChanged} onRetry={add}>
              {wordsFor(change.error, texts, texts.cart.away)}
            </Notice>
          )}
          <p className={styles.description}>{product.description}</p>
          <Details product={product} sku={variant?.sku} />
        </div>
      </div>
    </Page>
  );
}

function Trail({ slug }: { slug: string | null }) {
  const { texts } = useSpeech();
  const categories = useQuery(categoriesQuery);
  const trail = slug ? pathTo(categories.data ?? [], slug) : [];
  return (
    <nav className={styles.trail} aria-label={texts.list.trail}>
      <ol>
        <li>
          <Link to="/">{texts.shop.home}</Link>
        </li>
        {trail.map((category) => (
          <li key={category.slug}>
            <Link to={`/categories/${category.slug}`}>{category.name}</Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Details({ product, sku }: { product: Product; sku: string | undefined }) {
  const { texts, number } = useSpeech();
  return (
    <section aria-labelledby="details" className={styles.details}>
      <h2 id="details">{texts.product.details}</h2>
      <dl>
        {Object.entries(product.attributes).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{typeof value === "number" ? number(value) : String(value)}</dd>
          </div>
        ))}
        {sku && (
          <div>
            <dt>{texts.product.sku}</dt>
            <dd>{sku}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
