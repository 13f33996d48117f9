import { useMutation } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, ImagePlus, Trash2 } from "lucide-react";
import { useId } from "react";
import { useFieldArray, useFormContext } from "react-hook-form";
import { answered, api } from "@/api/client";
import { isProblem } from "@/api/problems";
import { Button, buttonClass } from "@/ui/Button";
import { classes } from "@/ui/classes";
import { Notice } from "@/ui/Notice";
import { Picture } from "@/ui/Picture";
import { useAdminTexts } from "../texts";
import { Panel } from "../ui/Panel";
import { Refused } from "../ui/Refused";
import type { Draft } from "./draft";
import styles from "./Pictures.module.css";

const TAKEN = "image/jpeg,image/png,image/webp,image/avif";
const MOST = 20;

/** The pictures of a product, the first one leading. They are the product's once it is saved. */
export function Pictures() {
  const { products } = useAdminTexts();
  const { control } = useFormContext<Draft>();
  const { fields, append, remove, swap } = useFieldArray({ control, name: "images" });
  const upload = useUpload((url) => append({ url }));
  const id = useId();
  return (
    <Panel title={products.pictures}>
      {fields.length > 0 && (
        <ol className={styles.pictures}>
          {fields.map(({ id, url }, place) => (
            <li key={id}>
              <Picture source={url} alt={products.picture(place + 1)} sizes="9rem" />
              <div className={styles.tools}>
                <Button
                  look="quiet"
                  disabled={place === 0}
                  aria-label={products.pictureEarlier(place + 1)}
                  onClick={() => swap(place, place - 1)}
                >
                  <ChevronLeft aria-hidden size={18} />
                </Button>
                <Button
                  look="quiet"
                  aria-label={products.removePicture(place + 1)}
                  onClick={() => remove(place)}
                >
                  <Trash2 aria-hidden size={18} />
                </Button>
                <Button
                  look="quiet"
                  disabled={place === fields.length - 1}
                  aria-label={products.pictureLater(place + 1)}
                  onClick={() => swap(place, place + 1)}
                >
                  <ChevronRight aria-hidden size={18} />
                </Button>
              </div>
            </li>
          ))}
        </ol>
      )}
      {upload.error && <UploadTrouble error={upload.error} />}
      <div className={styles.upload}>
        <input
          id={id}
          className="visually-hidden"
          type="file"
          accept={TAKEN}
          multiple
          disabled={upload.isPending || fields.length >= MOST}
          onChange={(event) => {
            upload.mutate([...(event.target.files ?? [])].slice(0, MOST - fields.length));
            event.target.value = "";
          }}
        />
        <label
          htmlFor={id}
          className={classes(buttonClass("plain"), styles.choose)}
          aria-disabled={upload.isPending}
        >
          <ImagePlus aria-hidden size={18} />
          {upload.isPending ? products.uploading : products.upload}
        </label>
      </div>
    </Panel>
  );
}

/** One after the other: the shop takes few at once. */
function useUpload(onUploaded: (url: string) => void) {
  return useMutation({
    mutationFn: async (pictures: File[]) => {
      for (const picture of pictures) {
        const { url } = await answered(
          api.POST("/api/media", {
            body: picture as unknown as string,
            bodySerializer: (body) => body,
            headers: { "Content-Type": "application/octet-stream" },
          }),
        );
        onUploaded(url);
      }
    },
  });
}

function UploadTrouble({ error }: { error: unknown }) {
  const { products } = useAdminTexts();
  if (isProblem(error, "not_an_image")) return <Notice kind="error">{products.notAnImage}</Notice>;
  if (isProblem(error, "image_too_large", "image_too_costly", "too_large"))
    return <Notice kind="error">{products.imageTooLarge}</Notice>;
  return <Refused error={error} away={products.away} />;
}
