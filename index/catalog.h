#pragma once

// Which integrations and entity types exist, by name and by number, and which access tokens. No
// references are in here.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/vocabulary.h"

namespace xref {

struct CatalogType {
  PlaceId place;
  std::string name;
  PlaceId partition;  // the number under which its references are stored; a purge changes it
  bool unique_targets = false;  // no second source may be linked to a target
};

struct Integration {
  IntegrationId id;
  std::string name;
  std::string source_platform;
  std::string target_platform;
  std::vector<CatalogType> types;  // in the order of their creation
};

// What a purge left, or an integration that was dropped.
struct Trash {
  PlaceId number;  // of a purge: the partition where it is stored
  PlaceId place;   // that was purged; 0 for an integration
  uint64_t references;
  Lsn lsn;  // by which change
  int64_t time_us;
  std::string actor;
  std::optional<Integration> integration;  // as it was when it was dropped
};

// A term of one primary, as far as it is on record: a daemon that never had a standby has none.
struct EpochStart {
  Epoch epoch;
  Lsn first;      // of the epoch's changes
  uint64_t mark;  // BeginEpoch
};

struct AccessToken {
  TokenId number;
  Role role;
  std::string name;
  std::string hash;
  std::vector<std::string> integrations;  // that it is limited to; empty for all
  int64_t created_us;
  std::string created_by;
  int64_t expires_us;      // 0 for never
  int64_t revoked_us = 0;  // 0 where it was not

  bool IsGood(int64_t now_us) const {
    return revoked_us == 0 && (expires_us == 0 || now_us < expires_us);
  }
};

// Thread-compatible: const methods may run at once, the others need the catalog for themselves.
// Making a change a second time alters nothing.
class Catalog {
 public:
  Catalog() = default;
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  void Apply(const CreateIntegration& created);  // a second one of the same name is ignored
  void Apply(const CreateType& created);         // likewise
  void Apply(const RenamePlatforms& renamed);
  void Apply(const SetRules& rules);
  void Apply(const PurgePlace& purged, const Change& change);
  void Apply(const EmptyTrash& emptied);
  void Apply(const BeginEpoch& begun, const Change& change);
  void Apply(const DropIntegration& dropped, const Change& change);
  void Apply(const RestoreIntegration& restored);
  void Apply(const ForgetIntegration& forgotten);
  void Apply(const CreateToken& created, const Change& change);
  void Apply(const RevokeToken& revoked, const Change& change);
  // Makes any change that is one of the catalog; the others are ignored.
  void Apply(const Change& change);
  static bool IsAlteredBy(const Change& change);

  // The integration of that name or number, or nullptr. Valid until it is dropped.
  const Integration* Find(std::string_view name) const;
  const Integration* FindById(IntegrationId id) const;

  std::optional<PlaceId> FindPlace(std::string_view integration, std::string_view type) const;

  // The type at that place, or nullptr. Valid until the next change.
  const CatalogType* FindType(PlaceId place) const;
  // The same, also where its integration was dropped.
  const CatalogType* FindKeptType(PlaceId place) const;
  // The integration that the place is in, or nullptr. Valid until it is dropped.
  const Integration* FindIntegrationOf(PlaceId place) const;
  // In the order in which it was thrown away. What purges of a dropped integration left is there as
  // well: nothing can be done with it until that is restored, but it gets old as ever.
  const std::vector<Trash>& trash() const { return trash_; }
  // Oldest first.
  const std::vector<EpochStart>& epochs() const { return epochs_; }
  // What is in the trash under that number, or nullptr. Valid until the next change.
  const Trash* FindTrash(PlaceId number) const;
  // The dropped integration that the place is in, or nullptr. Valid until the next change.
  const Trash* FindDroppedOf(PlaceId place) const;
  // Whether an integration that had the name waits in the trash.
  bool IsDropped(std::string_view integration) const;
  // The last change that dropped an integration which is still in the trash; 0 for none.
  Lsn last_drop() const;
  // The token of that number, or nullptr. Valid until the next change.
  const AccessToken* FindToken(TokenId number) const;
  // In the order of their creation; revoked ones stay, the oldest of them until there are
  // kTokensMax. Once there was a token, there is one.
  const std::vector<AccessToken>& tokens() const { return tokens_; }
  TokenId next_token() const { return next_token_; }  // that no token has had yet
  // All partitions that go when this goes for good.
  std::vector<PlaceId> PartitionsOf(const Trash& trash) const;

  // All that are not dropped, ordered by name.
  const std::map<std::string, Integration, std::less<>>& integrations() const {
    return integrations_;
  }

  // Of all integrations and of the trash, as in StateSum. Walks through everything.
  uint64_t Sum() const;

  // Numbers that no integration, or no place and no partition, has had yet.
  IntegrationId next_integration() const { return next_integration_; }
  PlaceId next_place() const { return next_place_; }

 private:
  // Where a type is: its integration, whose address stays until it is dropped, and its index there.
  struct Spot {
    Integration* integration = nullptr;
    size_t type = 0;
  };

  Integration* FindMutable(IntegrationId id);
  CatalogType* FindMutableType(PlaceId place);
  void Enter(Integration& integration, const EntityType& type);
  void Locate(Integration& integration, size_t type);

  std::map<std::string, Integration, std::less<>> integrations_;
  std::vector<Spot> spots_;  // by PlaceId
  std::vector<Trash> trash_;
  std::vector<EpochStart> epochs_;
  std::vector<AccessToken> tokens_;
  TokenId next_token_ = 1;
  IntegrationId next_integration_ = 1;
  PlaceId next_place_ = 1;
};

}  // namespace xref
