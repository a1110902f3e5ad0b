#pragma once

// What answers each route; routes.cc says which.

#include <boost/asio/awaitable.hpp>

#include "console/call.h"
#include "protocol/change_messages.h"
#include "protocol/query_messages.h"

namespace xref::console {

using Reply = boost::asio::awaitable<Response>;

// status.cc
Reply GetStatus(Call& call);
Reply GetHealth(Call& call);
Reply GetReadiness(Call& call);
Reply GetMetrics(Call& call);

// integrations.cc
Reply ListIntegrations(Call& call);
Reply CreateIntegration(Call& call);
Reply GetIntegration(Call& call);
Reply RenamePlatforms(Call& call);
Reply CreateType(Call& call);
Reply SetRules(Call& call);

// purge.cc
Reply PreviewDrop(Call& call);
Reply Drop(Call& call);
Reply PreviewPurge(Call& call);
Reply Purge(Call& call);
Reply ListTrash(Call& call);
Reply Restore(Call& call);

// listing.cc
Reply ListReferences(Call& call);
Reply ListClaims(Call& call);
Reply ListDuplicates(Call& call);
boost::asio::awaitable<void> Export(Call& call, BodyStream& stream);

// reference.cc
Reply GetReference(Call& call);
Reply AddReference(Call& call);
Reply PutReference(Call& call);
Reply EditReference(Call& call);
Reply DeleteReference(Call& call);
Reply GetHistory(Call& call);
Reply GetExplanation(Call& call);

// batches.cc
Reply CheckBatch(Call& call);
Reply LookupBatch(Call& call);
Reply ReverseBatch(Call& call);
Reply AddBatch(Call& call);
Reply EditBatch(Call& call);
Reply DeleteBatch(Call& call);
Reply IgnoreBatch(Call& call);
Reply UnignoreBatch(Call& call);
Reply ClaimBatch(Call& call);
Reply SettleBatch(Call& call);
Reply ReleaseBatch(Call& call);
Reply RenewBatch(Call& call);

// look_alikes.cc
Reply ListLookAlikes(Call& call);

// import.cc
boost::asio::awaitable<void> Import(Call& call, BodyStream& stream);
Reply ListImports(Call& call);
Reply GetImport(Call& call);

// assets.cc
Reply GetDescription(Call& call);

}  // namespace xref::console
