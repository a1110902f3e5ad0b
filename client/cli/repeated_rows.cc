#include "client/cli/repeated_rows.h"

#include "client/cli/hash_spill.h"
#include "client/cli/id_hashes.h"
#include "client/cli/progress.h"

namespace xref::cli {

absl::StatusOr<RepeatedRows> FindRepeatedRows(RecordReader& reader, bool by_target_too) {
  Progress progress("read");
  HashSpill sources;
  HashSpill targets;
  Record record;
  for (uint64_t rows = 0;;) {
    const auto found = reader.Next(record);
    if (!found.ok()) return found.status();
    if (*found == RecordReader::Found::kEnd) break;
    progress.Update(++rows, reader.input().bytes_read(), reader.input().bytes_total());
    if (*found == RecordReader::Found::kBadRow) continue;
    absl::Status status = sources.Add({HashOf(record.source_id), reader.line()});
    if (by_target_too) status.Update(targets.Add({HashOf(record.target_id), reader.line()}));
    if (!status.ok()) return status;
  }
  RepeatedRows repeated;
  absl::Status status = sources.ForEachHash([&](std::span<const HashSpill::Entry> rows) {
    if (rows.size() == 1) return;
    for (const HashSpill::Entry& row : rows) repeated.all.Add(row.value);
    for (const HashSpill::Entry& row : rows.subspan(1)) repeated.later.Add(row.value);
  });
  status.Update(targets.ForEachHash([&](std::span<const HashSpill::Entry> rows) {
    if (rows.size() == 1) return;
    for (const HashSpill::Entry& row : rows) repeated.all.Add(row.value);
  }));
  if (!status.ok()) return status;
  return repeated;
}

}  // namespace xref::cli
