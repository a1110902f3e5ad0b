#include "protocol/decoding.h"

#include <fmt/format.h>

namespace xref::protocol {

Refusal BadRequest(std::string message, uint32_t item) {
  return {StatusCode::kBadRequest, item, std::move(message)};
}

MaybeRefusal Finish(const Reader& reader) {
  if (!reader.ok()) return BadRequest("the payload ends before the message does");
  if (reader.left() > 0) {
    return BadRequest(fmt::format("{} bytes follow the end of the message", reader.left()));
  }
  return std::nullopt;
}

MaybeRefusal CheckCount(uint32_t count, const Reader& reader) {
  if (!reader.ok()) return Finish(reader);
  if (count <= kBatchIdsMax) return std::nullopt;
  return Refusal{StatusCode::kTooLarge, kNoItem,
                 fmt::format("a batch of {} items is over the limit of {}; send smaller batches",
                             count, kBatchIdsMax)};
}

MaybeRefusal CheckIds(const IdBatch& ids, std::string_view what) {
  const auto bad = FindBadItem(ids);
  if (!bad) return std::nullopt;
  return BadRequest(fmt::format("item {}: the {} {}", bad->index, what, Describe(bad->fault)),
                    bad->index);
}

MaybeRefusal CheckActor(std::string_view actor) {
  if (actor.empty() || IsLabel(actor, kActorBytesMax)) return std::nullopt;
  return BadRequest("an actor is at most 64 bytes of UTF-8 without control characters");
}

MaybeRefusal CheckName(std::string_view name, std::string_view whose) {
  if (IsName(name)) return std::nullopt;
  return BadRequest(
      fmt::format("an {}'s name is 1 to 64 of a-z, A-Z, 0-9, '-', '_' and '.', the first of them a "
                  "letter or digit",
                  whose));
}

MaybeRefusal CheckPlatforms(std::string_view source, std::string_view target) {
  if (IsLabel(source, kPlatformBytesMax) && IsLabel(target, kPlatformBytesMax)) {
    return std::nullopt;
  }
  return BadRequest("a platform's name is 1 to 128 bytes of UTF-8 without control characters");
}

}  // namespace xref::protocol
