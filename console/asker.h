#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "console/gateway.h"
#include "console/problem.h"
#include "protocol/frame.h"

namespace xref::console {

// Requests and replies as the gateway takes and gives them.
protocol::FrameHeader HeaderOf(protocol::Opcode opcode);
template <typename Request>
std::string FrameOf(protocol::Opcode opcode, const Request& request) {
  std::string frame;
  protocol::FrameWriter writer(frame, HeaderOf(opcode));
  Encode(request, frame);
  writer.Close();
  return frame;
}
// What an OK reply says, behind a standby's mark; borrows from it. Throws a Problem where it is
// another.
protocol::Bytes PayloadOf(const std::string& frame);
template <typename Reply>
Reply ReplyIn(const std::string& frame) {
  Reply reply;
  if (const auto refusal = Decode(PayloadOf(frame), reply)) {
    throw Problem{500, "internal", refusal->message};
  }
  return reply;
}

// What the daemon answered; `value` borrows from `frame`.
template <typename Reply>
struct Answer {
  std::string frame;
  Reply value;
};

// Puts requests of the binary protocol to the daemon, in the name of a visitor, and awaits what
// becomes of them. Cheap to copy. For the console's thread. Everything throws a Problem where there
// is no answer.
//
// GCC 12 destroys some temporaries of an expression with co_await in it twice (lambdas with
// captures, and aggregates), and awaits what stands behind && whatever stands before it. So those
// have names of their own, and statements, here and in all of this room.
class Asker {
 public:
  Asker(std::shared_ptr<Visitor> visitor, boost::asio::any_io_executor executor)
      : visitor_(std::move(visitor)), executor_(std::move(executor)) {}

  template <typename Reply, typename Request>
  boost::asio::awaitable<Answer<Reply>> Ask(protocol::Opcode opcode, const Request& request) {
    return Await<Reply>(FrameOf(opcode, request));
  }
  // Of a request without fields.
  template <typename Reply>
  boost::asio::awaitable<Answer<Reply>> Ask(protocol::Opcode opcode) {
    std::string frame;
    protocol::FrameWriter(frame, HeaderOf(opcode)).Close();
    return Await<Reply>(std::move(frame));
  }

  boost::asio::awaitable<Answer<protocol::MutationReply>> Mutate(
      const protocol::MutationRequest& request) {
    return Ask<protocol::MutationReply>(protocol::OpcodeOf(request), request);
  }
  // 404 where there is no such place.
  boost::asio::awaitable<PlaceId> Resolve(std::string_view integration, std::string_view type);

  const std::shared_ptr<Visitor>& visitor() const { return visitor_; }
  const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  template <typename Reply>
  boost::asio::awaitable<Answer<Reply>> Await(std::string frame) {
    Answer<Reply> answer;
    answer.frame = co_await Exchange(frame);
    answer.value = ReplyIn<Reply>(answer.frame);
    co_return answer;
  }
  boost::asio::awaitable<std::string> Exchange(std::string& frame);

  std::shared_ptr<Visitor> visitor_;
  boost::asio::any_io_executor executor_;
};

}  // namespace xref::console
