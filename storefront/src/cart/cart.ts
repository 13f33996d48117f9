/** The one cart: a guest's is known by its id, which this browser keeps; a user's belongs to the account. */
import { answered, api, type Cart } from "@/api/client";
import { isProblem } from "@/api/problems";
import { currentUser } from "@/session/session";
import { createStored } from "@/stored";

interface KnownCart {
  id: string;
  /** Null: a guest's. */
  userId: string | null;
}

const known = createStored<KnownCart>("markethall.cart");

export const subscribeToCart = known.subscribe;

/** The cart as it is, after a guest's was merged into one's own; null: a guest who has none yet. */
export async function readCart(signal: AbortSignal): Promise<Cart | null> {
  const user = currentUser();
  return user ? ownCart(user.id) : guestCart(signal);
}

/** So many of it from now on; 0 takes it out. Repeating it changes nothing. */
export async function putLine(sku: string, quantity: number): Promise<Cart> {
  const id = await cartToChange();
  try {
    return await write(id, sku, quantity);
  } catch (error) {
    if (!isProblem(error, "cart_not_found", "not_found")) throw error;
    // It was claimed or deleted elsewhere: begin a new one.
    known.set(null);
    return write(await cartToChange(), sku, quantity);
  }
}

async function ownCart(userId: string): Promise<Cart> {
  const before = known.get();
  const cart = before?.userId === null ? await claim(before.id) : await open();
  known.set({ id: cart.id, userId });
  return cart;
}

/** Repeating it adds nothing, so a claim whose answer was lost is made again. */
async function claim(guestId: string): Promise<Cart> {
  try {
    return await answered(api.POST("/api/carts/{cart_id}/claim", { params: { path: { cart_id: guestId } } }));
  } catch (error) {
    if (isProblem(error) && !error.isPassing && error.status !== 401) return open();
    throw error;
  }
}

async function guestCart(signal: AbortSignal): Promise<Cart | null> {
  const before = known.get();
  if (before === null) return null;
  if (before.userId !== null) {
    known.set(null);
    return null;
  }
  try {
    return await answered(
      api.GET("/api/carts/{cart_id}", { params: { path: { cart_id: before.id } }, signal }),
    );
  } catch (error) {
    if (!isProblem(error, "cart_not_found", "not_found")) throw error;
    known.set(null);
    return null;
  }
}

async function cartToChange(): Promise<string> {
  const user = currentUser();
  const before = known.get();
  if (before && before.userId === (user?.id ?? null)) return before.id;
  if (user) return (await ownCart(user.id)).id;
  const cart = await open();
  known.set({ id: cart.id, userId: null });
  return cart.id;
}

async function open(): Promise<Cart> {
  return (await answered(api.POST("/api/carts", {}))) as Cart;
}

async function write(id: string, sku: string, quantity: number): Promise<Cart> {
  const path = { cart_id: id, sku };
  if (quantity === 0) return answered(api.DELETE("/api/carts/{cart_id}/lines/{sku}", { params: { path } }));
  return answered(api.PUT("/api/carts/{cart_id}/lines/{sku}", { params: { path }, body: { quantity } }));
}
