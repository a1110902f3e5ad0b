// What a session answers to standbys, and as one.

#include <fmt/format.h>

#include <utility>

#include "daemon/session.h"

namespace xref {

using protocol::Frame;
using protocol::FrameWriter;
using protocol::kNoItem;
using protocol::Refusal;
using protocol::StatusCode;

Refusal Session::NotPrimary() const {
  const std::string primary = service_.follower->primary();
  return {StatusCode::kNotPrimary, kNoItem,
          primary.empty() ? "this daemon is a standby, and there is no primary at present that the "
                            "request could go to; try again soon"
                          : fmt::format("this daemon is a standby, and the request is for the "
                                        "primary: {}",
                                        primary)};
}

Session::Next Session::Fetch(const Frame& frame, std::string& out,
                             absl::FunctionRef<ChangeDone()> make_done) {
  protocol::FetchRequest request;
  if (const auto refusal = protocol::Decode(frame.payload, request)) {
    Refuse(frame.header, *refusal, out);
    return Next::kAnswered;
  }
  service_.feed.Fetch(request, [header = frame.header, &state = service_.state, done = make_done()](
                                   StatusCode status, std::string payload) mutable {
    std::string bytes;
    FrameWriter reply(bytes, protocol::ReplyHeader(header, status, state.epoch));
    bytes.append(payload);
    reply.Close();
    std::move(done)(std::move(bytes));
  });
  return Next::kPending;
}

Session::Next Session::Promote(const Frame& frame, std::string& out,
                               absl::FunctionRef<ChangeDone()> make_done) {
  Follower::Promotion promotion;
  if (const auto refusal = protocol::Decode(frame.payload, promotion.asked)) {
    Refuse(frame.header, *refusal, out);
    return Next::kAnswered;
  }
  const Phase phase = this->phase();
  if (phase != Phase::kStandby) {
    Refuse(
        frame.header,
        phase == Phase::kLoading
            ? Refusal{StatusCode::kNotReady, kNoItem,
                      "this daemon has not caught up with its primary yet, so it knows less than "
                      "others may; promote one that has, or try again"}
        : phase == Phase::kDiverged
            ? Refusal{StatusCode::kForbidden, kNoItem,
                      "the state of this standby is not that of its primary; promote another one"}
            : Refusal{StatusCode::kForbidden, kNoItem,
                      "this daemon is not a standby, so there is nothing to promote"},
        out);
    return Next::kAnswered;
  }
  promotion.done = [header = frame.header, &state = service_.state,
                    done = make_done()](absl::StatusOr<protocol::PromoteReply> promoted) mutable {
    std::string bytes;
    const Refusal refusal =
        promoted.ok() ? Refusal{.status = StatusCode::kOk} : RefusalOf(promoted.status());
    FrameWriter reply(bytes, protocol::ReplyHeader(header, refusal.status, state.epoch));
    if (promoted.ok()) {
      protocol::Encode(*promoted, bytes);
    } else {
      protocol::Encode(refusal, bytes);
    }
    reply.Close();
    std::move(done)(std::move(bytes));
  };
  service_.follower->AskPromotion(std::move(promotion));
  return Next::kPending;
}

}  // namespace xref
