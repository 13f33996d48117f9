import { useQuery } from "@tanstack/react-query";
import { answered, api } from "@/api/client";
import { useSpeech } from "@/texts";
import { Page } from "@/ui/Page";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useAdminTexts } from "../texts";
import styles from "./OverviewPage.module.css";

const LOOK_MS = 2_000;

/** Who is alive. */
export default function OverviewPage() {
  const { overview } = useAdminTexts();
  const { dateTime } = useSpeech();
  const system = useQuery({
    queryKey: ["system"],
    queryFn: ({ signal }) => answered(api.GET("/api/system", { signal })),
    refetchInterval: LOOK_MS,
  });
  return (
    <Page title={overview.title}>
      <h1>{overview.title}</h1>
      {system.error && (
        <Trouble error={system.error} onRetry={() => void system.refetch()} away={overview.away} />
      )}
      {system.data ? (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <caption>{overview.parts}</caption>
            <thead>
              <tr>
                <th scope="col">{overview.part}</th>
                <th scope="col">{overview.replica}</th>
                <th scope="col">{overview.version}</th>
                <th scope="col">{overview.since}</th>
              </tr>
            </thead>
            <tbody>
              {system.data.replicas.map((replica) => (
                <tr key={`${replica.service} ${replica.id}`}>
                  <th scope="row">{replica.service}</th>
                  <td>{replica.id}</td>
                  <td>{replica.version}</td>
                  <td>{dateTime(replica.since)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        !system.error && <Skeleton height="14rem" />
      )}
    </Page>
  );
}
