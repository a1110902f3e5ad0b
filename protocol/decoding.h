#pragma once

// What every Decode is made of. For the files of this room alone.

#include <string>
#include <string_view>

#include "protocol/change_messages.h"

namespace xref::protocol {

Refusal BadRequest(std::string message, uint32_t item = kNoItem);

// Every Decode ends here: the payload must have held the message, the whole message and nothing
// else.
MaybeRefusal Finish(const Reader& reader);

// The number of items in a batch is within its limit.
MaybeRefusal CheckCount(uint32_t count, const Reader& reader);
// All of them are IDs; `what` is what the message calls one.
MaybeRefusal CheckIds(const IdBatch& ids, std::string_view what);
MaybeRefusal CheckActor(std::string_view actor);
// `whose` is what the message calls its bearer, with "an".
MaybeRefusal CheckName(std::string_view name, std::string_view whose);
MaybeRefusal CheckPlatforms(std::string_view source, std::string_view target);

// A claim as part of a message.
void Put(const ListedClaim& claim, Writer& writer);
ListedClaim TakeClaim(Reader& reader);

}  // namespace xref::protocol
