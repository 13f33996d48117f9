import { useSpeech } from "@/texts";
import { useAdminTexts } from "../texts";
import { type Column, Table } from "../ui/Table";
import type { LiveView } from "./queries";
import { useMeasures } from "./useMeasures";

type Stream = LiveView["bus"]["streams"][number];

/** What the bus holds, and how far whoever reads it is behind. */
export function Streams({ view }: { view: LiveView }) {
  const { system } = useAdminTexts();
  const { number } = useSpeech();
  const { bytes } = useMeasures();
  const of = (stream: Stream) => view.bus.consumers.filter((one) => one.stream === stream.name);
  const sum = (stream: Stream, what: "waiting" | "unacknowledged" | "redelivered") =>
    of(stream).reduce((sum, one) => sum + one[what], 0);
  const columns: Column<Stream>[] = [
    { name: system.stream, cell: (stream) => stream.name },
    { name: system.messages, end: true, cell: (stream) => number(stream.messages) },
    { name: system.size, end: true, cell: (stream) => bytes(stream.bytes) },
    {
      name: system.readers,
      cell: (stream) =>
        of(stream)
          .map(({ name }) => name)
          .join(", ") || "–",
    },
    { name: system.waiting, end: true, cell: (stream) => number(sum(stream, "waiting")) },
    { name: system.unacknowledged, end: true, cell: (stream) => number(sum(stream, "unacknowledged")) },
    { name: system.redelivered, end: true, cell: (stream) => number(sum(stream, "redelivered")) },
  ];
  return <Table caption={system.bus} columns={columns} rows={view.bus.streams} keyOf={({ name }) => name} />;
}
