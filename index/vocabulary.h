#pragma once

// The words that every room shares: what an ID is, what a batch of IDs looks like in memory, what a
// change is, and the limits on them. Everything here is a plain value; nothing here allocates
// behind the caller's back, does I/O or needs a lock.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace xref {

// ---- Limits ------------------------------------------------------------------------------------

inline constexpr size_t kIdBytesMax = 255;          // a source ID or target ID
inline constexpr size_t kNameBytesMax = 64;         // an integration's or entity type's name
inline constexpr size_t kPlatformBytesMax = 128;    // a platform's display name
inline constexpr size_t kActorBytesMax = 64;        // who made a change
inline constexpr size_t kBatchIdsMax = 65'536;      // IDs in one batch
inline constexpr size_t kIntegrationsMax = 16'384;  // integrations in one daemon
inline constexpr size_t kTypesPerIntegrationMax = 64;
inline constexpr uint32_t kLeaseMsMin = 1'000;        // of a claim
inline constexpr uint32_t kLeaseMsMax = 86'400'000;   // one day
inline constexpr uint64_t kClaimsMax = 1'000'000;     // open or expired, in one daemon
inline constexpr uint64_t kIgnoredMax = 1'000'000;    // ignored source IDs in one daemon
inline constexpr uint32_t kClaimsListedMax = 10'000;  // claims in one reply
inline constexpr size_t kTokensMax = 1'000;           // access tokens in one daemon
inline constexpr size_t kTokenIntegrationsMax = 100;  // that one access token names
inline constexpr uint64_t kTokenSecondsMax = 36'500ull * 86'400;  // until one expires

// ---- IDs ---------------------------------------------------------------------------------------

// Why a text is not an ID. IDs are 1..255 bytes of valid UTF-8 without control characters (U+0000
// to U+001F, U+007F to U+009F); they are compared byte for byte, never trimmed or folded.
enum class IdFault : uint8_t { kEmpty, kTooLong, kInvalidUtf8, kControlCharacter };

// What is wrong with `id`, or nothing.
[[nodiscard]] std::optional<IdFault> FindIdFault(std::string_view id);

// The fault in words, to follow "source ID ": "is empty", "is longer than 255 bytes", ...
[[nodiscard]] std::string_view Describe(IdFault fault);

// A borrowed batch of IDs, as it stands in a frame or a journal record: one length byte an ID, and
// the bytes of all IDs one after another. `bytes` holds exactly the sum of the lengths.
struct IdBatch {
  const uint8_t* lengths = nullptr;
  const char* bytes = nullptr;
  uint32_t count = 0;
  uint32_t bytes_size = 0;
};

// Walks an IdBatch from its first ID. Next() may be called `count` times.
class IdCursor {
 public:
  explicit IdCursor(const IdBatch& batch) : length_(batch.lengths), at_(batch.bytes) {}
  std::string_view Next() {
    std::string_view id(at_, *length_);
    at_ += *length_++;
    return id;
  }

 private:
  const uint8_t* length_;
  const char* at_;
};

struct BadItem {
  uint32_t index;
  IdFault fault;
};

// The first ID of the batch that is not one, or nothing. Plain ASCII costs about a cycle per 16
// bytes, so that every batch can be checked before it is used.
[[nodiscard]] std::optional<BadItem> FindBadItem(const IdBatch& batch);

// A batch that owns its IDs. The view is valid until the next Add or Clear.
class IdList {
 public:
  // `id` must have no fault (FindIdFault).
  void Add(std::string_view id) {
    lengths_.push_back(static_cast<uint8_t>(id.size()));
    bytes_.append(id);
  }
  void Clear() {
    lengths_.clear();
    bytes_.clear();
  }
  size_t size() const { return lengths_.size(); }
  size_t bytes_size() const { return bytes_.size(); }
  IdBatch View() const {
    return {lengths_.data(), bytes_.data(), static_cast<uint32_t>(lengths_.size()),
            static_cast<uint32_t>(bytes_.size())};
  }

 private:
  std::vector<uint8_t> lengths_;
  std::string bytes_;
};

// ---- Names -------------------------------------------------------------------------------------

// The names of integrations and entity types: 1..64 of a-z, A-Z, 0-9, '-', '_' and '.', the
// first of them a letter or digit, so that INTEGRATION/TYPE is never ambiguous and never needs
// quoting.
[[nodiscard]] bool IsName(std::string_view name);

// A platform's display name or an actor: valid UTF-8 without control characters, 1..`bytes_max`.
[[nodiscard]] bool IsLabel(std::string_view label, size_t bytes_max);

// The entity types that every new integration has.
inline constexpr std::string_view kStandardTypes[] = {"articles", "customers", "orders", "stock"};

using IntegrationId = uint32_t;
// An entity type of an integration, numbered across the whole daemon. Never used twice.
using PlaceId = uint32_t;

// ---- Access tokens ------------------------------------------------------------------------------

// What the holder of an access token is, and so what it may do.
enum class Role : uint8_t {
  kReader = 0,   // asks
  kSyncer = 1,   // asks, claims, and changes references
  kAdmin = 2,    // does everything but follow
  kStandby = 3,  // follows as a standby
  kMetrics = 4,  // sees the status
};
inline constexpr uint8_t kRoleLast = static_cast<uint8_t>(Role::kMetrics);

// As people and scripts read it, e.g. "reader".
[[nodiscard]] std::string_view NameOf(Role role);
[[nodiscard]] std::optional<Role> RoleOf(std::string_view name);

using TokenId = uint32_t;
inline constexpr size_t kTokenHashBytes = 32;

// ---- The state as a whole ----------------------------------------------------------------------

// All that is true at one time, summed up: the same for two daemons that hold the same, however
// each came to that. Each part is a sum, modulo 2^64, of one hash for each thing (state_sum.h).
// When the leases of claims end is no part of it.
struct StateSum {
  uint64_t catalog = 0;  // with what is in the trash, but for the references of it
  uint64_t references = 0;
  uint64_t claims = 0;
  uint64_t ignored = 0;
  friend bool operator==(const StateSum&, const StateSum&) = default;
};

// Its four numbers, in the order above, as 16 hexadecimal digits each: "0123...-...".
[[nodiscard]] std::string Describe(const StateSum& sum);
// The names of the parts in which the two are not the same, such as "references, claims".
[[nodiscard]] std::string DescribeDifference(const StateSum& one, const StateSum& other);

// ---- Changes -----------------------------------------------------------------------------------

using Lsn = uint64_t;    // position in the journal; the first change is 1
using Epoch = uint64_t;  // the term of one primary; the first is 1

// How a reference came to be.
enum class Origin : uint8_t { kSync = 0, kManual = 1, kImport = 2 };
inline constexpr uint8_t kOriginLast = static_cast<uint8_t>(Origin::kImport);

struct EntityType {
  PlaceId place;
  std::string_view name;
};

struct CreateIntegration {
  IntegrationId integration;
  std::string_view name;
  std::string_view source_platform;
  std::string_view target_platform;
  std::vector<EntityType> types;
};

// An entity type more than the standard ones.
struct CreateType {
  IntegrationId integration;
  EntityType type;
};

// New display names of an integration's platforms.
struct RenamePlatforms {
  IntegrationId integration;
  std::string_view source_platform;
  std::string_view target_platform;
};

// What an entity type allows from now on.
struct SetRules {
  PlaceId place;
  bool unique_targets;  // no second source may be linked to a target
};

// References that were absent and are now there; item i links sources[i] to targets[i]. What was
// claimed is claimed no more.
struct AddReferences {
  PlaceId place;
  Origin origin;
  IdBatch sources;
  IdBatch targets;
};

// Sources that are now linked to these targets, whatever they were linked to: before[i], which has
// length 0 where that was nothing.
struct SetReferences {
  PlaceId place;
  Origin origin;
  bool edited;  // by an edit, which found them; otherwise by a put
  IdBatch sources;
  IdBatch targets;
  IdBatch before;
};

// Sources that are linked no more; they were linked to before[i].
struct DeleteReferences {
  PlaceId place;
  IdBatch sources;
  IdBatch before;
};

// Sources that must never be synced from now on, or may be again.
struct IgnoreSources {
  PlaceId place;
  bool ignored;
  IdBatch sources;
};

// Sources that are reserved for the change's actor, until the lease has passed since its time.
struct GrantClaims {
  PlaceId place;
  uint32_t lease_ms;
  uint64_t first_token;  // item i has first_token + i
  IdBatch sources;
  IdBatch lost_owners;  // whose claim expired unsettled, so that nobody knows; length 0 for nobody
};

// Claims that were given back unused.
struct ReleaseClaims {
  PlaceId place;
  IdBatch sources;
};

// Claims whose lease begins again at the change's time.
struct RenewClaims {
  PlaceId place;
  uint32_t lease_ms;
  IdBatch sources;
};

// All references of a place are in the trash. What is added from now on is stored under the number
// `partition`; what there was stays under the number that the place had until now.
struct PurgePlace {
  PlaceId place;
  PlaceId partition;
  uint64_t references;  // how many went
};

// What a purge left under this number is gone for good.
struct EmptyTrash {
  PlaceId partition;
};

// The first change of an epoch, by which copies of one history are told from others: two daemons
// may have given themselves the same epoch, but not the same mark.
struct BeginEpoch {
  uint64_t mark;  // drawn at random, never 0
};

// An integration is gone from its name, with all its places, and waits in the trash under the
// number `trash` as it is: its types keep their rules, partitions, claims and ignored sources.
struct DropIntegration {
  IntegrationId integration;
  PlaceId trash;        // a number that no place and no partition has
  uint64_t references;  // how many went
};

// It is back from the trash, as it was, but for its name.
struct RestoreIntegration {
  PlaceId trash;
  std::string_view name;
};

// It is gone for good, with these places.
struct ForgetIntegration {
  PlaceId trash;
  std::vector<PlaceId> places;
};

// An access token. Nobody can tell it from its hash.
struct CreateToken {
  TokenId token;
  Role role;
  std::string_view name;
  std::string_view hash;                       // kTokenHashBytes
  int64_t expires_us;                          // 0 for never
  std::vector<std::string_view> integrations;  // that it is limited to; empty for all
};

// It is good no more.
struct RevokeToken {
  TokenId token;
};

// What the state was before this change, for whoever applies it to compare with its own. It changes
// nothing.
struct CompareState {
  StateSum sum;
};

// One journalled batch of operations. It borrows every text and ID from the bytes it was read from.
struct Change {
  Lsn lsn = 0;
  Epoch epoch = 0;
  int64_t time_us = 0;  // microseconds since 1970, UTC
  std::string_view actor;
  std::variant<CreateIntegration, AddReferences, SetReferences, DeleteReferences, IgnoreSources,
               GrantClaims, ReleaseClaims, RenewClaims, PurgePlace, EmptyTrash, CreateType,
               RenamePlatforms, SetRules, BeginEpoch, DropIntegration, RestoreIntegration,
               ForgetIntegration, CompareState, CreateToken, RevokeToken>
      what;
};

}  // namespace xref
