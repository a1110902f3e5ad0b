#include "protocol/change_messages.h"

#include <fmt/format.h>

#include <cstring>

#include "protocol/decoding.h"

namespace xref::protocol {

// ---- Mutations ----

MutationFields FieldsOf(Mutation mutation) {
  switch (mutation) {
    case Mutation::kAdd:
    case Mutation::kPut:
      return {.origin = true, .targets = true};
    case Mutation::kEdit:
      return {.origin = true, .targets = true, .expected = true};
    case Mutation::kDelete:
      return {.confirmation = true, .expected = true};
    case Mutation::kIgnore:
    case Mutation::kUnignore:
      return {};
    case Mutation::kClaim:
      return {.lease = true};
    case Mutation::kSettle:
      return {.targets = true, .tokens = true};
    case Mutation::kRelease:
      return {.tokens = true};
    case Mutation::kRenew:
      return {.lease = true, .tokens = true};
  }
  return {};
}

std::optional<MutationRequest> MutationOf(Opcode opcode) {
  const bool rehearsal = opcode == Opcode::kRehearseAdd || opcode == Opcode::kRehearsePut;
  if (!rehearsal && (opcode < Opcode::kAdd || opcode > Opcode::kRenew)) return std::nullopt;
  const auto first = static_cast<uint8_t>(rehearsal ? Opcode::kRehearseAdd : Opcode::kAdd);
  return MutationRequest{.mutation = static_cast<Mutation>(static_cast<uint8_t>(opcode) - first),
                         .rehearsal = rehearsal};
}

Opcode OpcodeOf(const MutationRequest& request) {
  const Opcode first = request.rehearsal ? Opcode::kRehearseAdd : Opcode::kAdd;
  return static_cast<Opcode>(static_cast<uint8_t>(first) + static_cast<uint8_t>(request.mutation));
}

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kDone:
      return "done";
    case Verdict::kUnchanged:
      return "unchanged";
    case Verdict::kConflict:
      return "conflict";
    case Verdict::kDuplicate:
      return "duplicate";
    case Verdict::kMissing:
      return "missing";
    case Verdict::kIgnored:
      return "ignored";
    case Verdict::kTargetTaken:
      return "target_taken";
    case Verdict::kSynced:
      return "synced";
    case Verdict::kGranted:
      return "granted";
    case Verdict::kUnknown:
      return "outcome_unknown";
    case Verdict::kHeld:
      return "held";
    case Verdict::kStaleToken:
      return "stale_token";
  }
  return "unknown";
}

uint64_t MutationRequest::token(uint32_t i) const {
  uint64_t token = 0;
  std::memcpy(&token, tokens.data() + i * sizeof token, sizeof token);
  return token;
}

void Encode(const MutationRequest& message, std::string& out) {
  const MutationFields has = FieldsOf(message.mutation);
  const bool expects = message.expected.count > 0;
  Writer writer(out);
  writer.U32(message.place);
  if (has.origin) writer.U8(static_cast<uint8_t>(message.origin));
  if (has.lease) writer.U32(message.lease_ms);
  if (has.confirmation) writer.U64(message.confirmation);
  if (has.expected) writer.U8(expects ? 1 : 0);
  writer.Text8(message.actor);
  writer.U32(message.sources.count);
  writer.Lengths(message.sources);
  if (has.targets) writer.Lengths(message.targets);
  if (expects) writer.Lengths(message.expected);
  writer.IdBytes(message.sources);
  if (has.targets) writer.IdBytes(message.targets);
  if (expects) writer.IdBytes(message.expected);
  if (has.tokens) writer.Raw(message.tokens.data(), message.tokens.size());
}

MaybeRefusal Decode(Bytes payload, MutationRequest& message) {
  const MutationFields has = FieldsOf(message.mutation);
  Reader reader(payload);
  message.place = reader.U32();
  const uint8_t origin = has.origin ? reader.U8() : 0;
  message.origin = static_cast<Origin>(origin);
  if (has.lease) message.lease_ms = reader.U32();
  if (has.confirmation) message.confirmation = reader.U64();
  const bool expects = has.expected && reader.U8() != 0;
  message.actor = reader.Text8();
  const uint32_t count = reader.U32();
  if (auto refusal = CheckCount(count, reader)) return refusal;
  message.sources = reader.Lengths(count);
  if (has.targets) message.targets = reader.Lengths(count);
  if (expects) message.expected = reader.Lengths(count);
  reader.IdBytes(message.sources);
  if (has.targets) reader.IdBytes(message.targets);
  if (expects) reader.IdBytes(message.expected);
  if (has.tokens) message.tokens = reader.Raw(count * sizeof(uint64_t));
  if (auto refusal = Finish(reader)) return refusal;
  if (origin > kOriginLast) return BadRequest(fmt::format("unknown origin {}", origin));
  if (has.lease && (message.lease_ms < kLeaseMsMin || message.lease_ms > kLeaseMsMax)) {
    return BadRequest(fmt::format("a lease of {} ms is not within {} to {}", message.lease_ms,
                                  kLeaseMsMin, kLeaseMsMax));
  }
  if (message.mutation == Mutation::kClaim && message.actor.empty()) {
    return BadRequest("a claim needs an owner: name the actor, another one for each run");
  }
  if (auto refusal = CheckActor(message.actor)) return refusal;
  if (auto refusal = CheckIds(message.sources, "source ID")) return refusal;
  return has.targets ? CheckIds(message.targets, "target ID") : std::nullopt;
}

namespace {

// What an outcome has beside its verdict.
struct OutcomeFields {
  bool other;
  bool number;
};
OutcomeFields FieldsOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConflict:
    case Verdict::kTargetTaken:
    case Verdict::kSynced:
      return {true, false};
    case Verdict::kDuplicate:
    case Verdict::kGranted:
      return {false, true};
    case Verdict::kUnknown:
    case Verdict::kHeld:
      return {true, true};
    default:
      return {false, false};
  }
}

}  // namespace

void Encode(const MutationReply& message, std::string& out) {
  Writer writer(out);
  writer.U32(static_cast<uint32_t>(message.outcomes.size()));
  for (const Outcome& outcome : message.outcomes) {
    writer.U8(static_cast<uint8_t>(outcome.verdict));
  }
  for (const Outcome& outcome : message.outcomes) {
    const OutcomeFields has = FieldsOf(outcome.verdict);
    if (has.other) writer.Text8(outcome.other);
    if (has.number) writer.U64(outcome.number);
  }
}

MaybeRefusal Decode(Bytes payload, MutationReply& message) {
  Reader reader(payload);
  const uint32_t count = reader.U32();
  if (auto refusal = CheckCount(count, reader)) return refusal;
  const Bytes verdicts = reader.Raw(count);
  if (!reader.ok()) return Finish(reader);
  message.outcomes.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (verdicts[i] > kVerdictLast) {
      return BadRequest(fmt::format("unknown verdict {}", verdicts[i]), i);
    }
    Outcome& outcome = message.outcomes[i];
    outcome.verdict = static_cast<Verdict>(verdicts[i]);
    const OutcomeFields has = FieldsOf(outcome.verdict);
    if (has.other) outcome.other = reader.Text8();
    if (has.number) outcome.number = reader.U64();
    if (outcome.verdict == Verdict::kDuplicate && outcome.number >= i) {
      return BadRequest("a duplicate of a later item", i);
    }
  }
  return Finish(reader);
}

// ---- Claims ----

void Put(const ListedClaim& claim, Writer& writer) {
  writer.Text8(claim.source);
  writer.Text8(claim.owner);
  writer.Text8(claim.lost_owner);
  writer.U64(claim.token);
  writer.U64(static_cast<uint64_t>(claim.remaining_ms));
}

ListedClaim TakeClaim(Reader& reader) {
  ListedClaim claim;
  claim.source = reader.Text8();
  claim.owner = reader.Text8();
  claim.lost_owner = reader.Text8();
  claim.token = reader.U64();
  claim.remaining_ms = static_cast<int64_t>(reader.U64());
  return claim;
}

void Encode(const ClaimsRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U32(message.claims_max);
  writer.Text8(message.after);
}

MaybeRefusal Decode(Bytes payload, ClaimsRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.claims_max = reader.U32();
  message.after = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (message.claims_max == 0 || message.claims_max > kClaimsListedMax) {
    return BadRequest(fmt::format("a reply has 1 to {} claims", kClaimsListedMax));
  }
  return std::nullopt;
}

void Encode(const ClaimsReply& message, std::string& out) {
  Writer writer(out);
  writer.U32(static_cast<uint32_t>(message.claims.size()));
  for (const ListedClaim& claim : message.claims) Put(claim, writer);
}

MaybeRefusal Decode(Bytes payload, ClaimsReply& message) {
  Reader reader(payload);
  for (uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    message.claims.push_back(TakeClaim(reader));
  }
  return Finish(reader);
}

// ---- The catalog ----

void Encode(const TypeCreateRequest& message, std::string& out) {
  Writer writer(out);
  writer.Text8(message.integration);
  writer.Text8(message.type);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, TypeCreateRequest& message) {
  Reader reader(payload);
  message.integration = reader.Text8();
  message.type = reader.Text8();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (auto refusal = CheckName(message.type, "entity type")) return refusal;
  return CheckActor(message.actor);
}

void Encode(const PlatformsRenameRequest& message, std::string& out) {
  Writer writer(out);
  writer.Text8(message.integration);
  writer.Text8(message.source_platform);
  writer.Text8(message.target_platform);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, PlatformsRenameRequest& message) {
  Reader reader(payload);
  message.integration = reader.Text8();
  message.source_platform = reader.Text8();
  message.target_platform = reader.Text8();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  if (auto refusal = CheckPlatforms(message.source_platform, message.target_platform)) {
    return refusal;
  }
  return CheckActor(message.actor);
}

void Encode(const RulesSetRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U8(message.unique_targets ? 1 : 0);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, RulesSetRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.unique_targets = reader.U8() != 0;
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  return CheckActor(message.actor);
}

void Encode(const CatalogReply& message, std::string& out) {
  Writer(out).U8(message.changed ? 1 : 0);
}

MaybeRefusal Decode(Bytes payload, CatalogReply& message) {
  Reader reader(payload);
  message.changed = reader.U8() != 0;
  return Finish(reader);
}

// ---- Purge, and dropping an integration ----

void Encode(const PurgePreviewRequest& message, std::string& out) {
  Writer(out).U32(message.place);
}

MaybeRefusal Decode(Bytes payload, PurgePreviewRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  return Finish(reader);
}

void Encode(const PurgePreviewReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.references);
  writer.U64(message.token);
  writer.U32(message.valid_seconds);
  writer.Text8(message.target_platform);
}

MaybeRefusal Decode(Bytes payload, PurgePreviewReply& message) {
  Reader reader(payload);
  message.references = reader.U64();
  message.token = reader.U64();
  message.valid_seconds = reader.U32();
  message.target_platform = reader.Text8();
  return Finish(reader);
}

void Encode(const PurgeRequest& message, std::string& out) {
  Writer writer(out);
  writer.U32(message.place);
  writer.U64(message.token);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, PurgeRequest& message) {
  Reader reader(payload);
  message.place = reader.U32();
  message.token = reader.U64();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  return CheckActor(message.actor);
}

void Encode(const PurgeReply& message, std::string& out) {
  Writer writer(out);
  writer.U64(message.references);
  writer.U32(message.trash);
}

MaybeRefusal Decode(Bytes payload, PurgeReply& message) {
  Reader reader(payload);
  message.references = reader.U64();
  message.trash = reader.U32();
  return Finish(reader);
}

void Encode(const DropPreviewRequest& message, std::string& out) {
  Writer(out).Text8(message.integration);
}

MaybeRefusal Decode(Bytes payload, DropPreviewRequest& message) {
  Reader reader(payload);
  message.integration = reader.Text8();
  return Finish(reader);
}

void Encode(const DropPreviewReply& message, std::string& out) {
  Writer writer(out);
  writer.U8(message.types);
  writer.U64(message.references);
  writer.U64(message.claims);
  writer.U64(message.token);
  writer.U32(message.valid_seconds);
  writer.Text8(message.target_platform);
}

MaybeRefusal Decode(Bytes payload, DropPreviewReply& message) {
  Reader reader(payload);
  message.types = reader.U8();
  message.references = reader.U64();
  message.claims = reader.U64();
  message.token = reader.U64();
  message.valid_seconds = reader.U32();
  message.target_platform = reader.Text8();
  return Finish(reader);
}

void Encode(const DropRequest& message, std::string& out) {
  Writer writer(out);
  writer.Text8(message.integration);
  writer.U64(message.token);
  writer.Text8(message.actor);
}

MaybeRefusal Decode(Bytes payload, DropRequest& message) {
  Reader reader(payload);
  message.integration = reader.Text8();
  message.token = reader.U64();
  message.actor = reader.Text8();
  if (auto refusal = Finish(reader)) return refusal;
  return CheckActor(message.actor);
}

}  // namespace xref::protocol
