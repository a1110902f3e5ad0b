#pragma once

// Listings of a place, whatever its size: page by page, from the server's disk.

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>

#include "client/client.h"

namespace xref::cli {

// Calls `take` with every reference that `request` asks for, in its order, until there is no more
// or it returns false. `rows_max` is that of one page, as large as the server allows where it is 0.
// The pages are asked for one by one: what changes meanwhile may show or not, but no source ID
// comes twice. A row lives as long as the call; `take` must not use the client.
absl::Status ForEachReference(Client& client, protocol::ListRequest request,
                              absl::FunctionRef<bool(const protocol::ListedReference&)> take);

// The same, what was changed last first; `rows_max` is how many are wanted at most. The server has
// the latest changes in this order. For what is older it is asked for everything, of which as many
// as are still wanted are in memory.
absl::Status ForEachNewest(Client& client, protocol::ListRequest request, uint64_t rows_max,
                           absl::FunctionRef<void(const protocol::ListedReference&)> take);

// Waits until listings show all that was acknowledged before this was called. Unavailable: they lag
// behind, and for `stall_max` nothing more of it has shown.
absl::Status AwaitListing(Client& client, PlaceId place, std::chrono::milliseconds stall_max);

}  // namespace xref::cli
