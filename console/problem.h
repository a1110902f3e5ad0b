#pragma once

// What went wrong, as clients are told: problem details (RFC 9457).

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "protocol/change_messages.h"
#include "protocol/messages.h"

namespace xref::console {

// Thrown by whoever handles a request, and caught where the request came from: an answer like any
// other. Never leaves the room.
struct Problem {
  unsigned status = 500;  // of HTTP
  std::string slug;       // of the type: "/problems/SLUG"
  std::string detail;     // what happened and what to do, for people
  boost::json::object extras = {};
  std::string allow = {};  // of a 405

  std::string Body() const;
};

Problem BadRequest(std::string detail);
Problem NotFound(std::string slug, std::string detail);

// Why the daemon refused a request.
Problem ProblemOf(const protocol::Refusal& refusal);
// Of an acknowledgement that never came.
Problem OutcomeUnknown();

// Why a single item was not done; nothing for those that were, or that were so already.
std::optional<Problem> ProblemOf(const protocol::Outcome& outcome);

}  // namespace xref::console
