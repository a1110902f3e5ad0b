#include "console/asker.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <variant>

namespace xref::console {

namespace asio = boost::asio;
using protocol::Frame;
using protocol::StatusCode;

namespace {

Frame ParseReply(const std::string& bytes) {
  const protocol::Bytes stream(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  const auto parsed = protocol::ParseFrame(stream, protocol::kReplyBytesMax);
  const auto* whole = std::get_if<protocol::Parsed>(&parsed);
  if (whole == nullptr) throw Problem{500, "internal", "the daemon's answer cannot be read"};
  return whole->frame;
}

}  // namespace

protocol::FrameHeader HeaderOf(protocol::Opcode opcode) {
  protocol::FrameHeader header;
  header.opcode = opcode;
  return header;
}

protocol::Bytes PayloadOf(const std::string& bytes) {
  if (bytes.empty()) throw OutcomeUnknown();
  Frame frame = ParseReply(bytes);
  if (frame.header.status != StatusCode::kOk) {
    throw ProblemOf(protocol::DecodeRefusal(frame.header.status, frame.payload));
  }
  std::optional<protocol::StandbyMark> mark;
  if (!protocol::TakeMark(frame, mark)) {
    throw Problem{500, "internal", "the daemon's answer cannot be read"};
  }
  return frame.payload;
}

asio::awaitable<std::string> Asker::Exchange(std::string& frame) {
  auto ask = [this, &frame](auto handler) {
    visitor_->Ask(std::move(frame), [executor = executor_,
                                     handler = std::move(handler)](std::string reply) mutable {
      asio::post(executor, [handler = std::move(handler), reply = std::move(reply)]() mutable {
        std::move(handler)(std::move(reply));
      });
    });
  };
  std::string reply =
      co_await asio::async_initiate<decltype(asio::use_awaitable), void(std::string)>(
          ask, asio::use_awaitable);
  co_return reply;
}

asio::awaitable<PlaceId> Asker::Resolve(std::string_view integration, std::string_view type) {
  const auto answer = co_await Ask<protocol::ResolveReply>(
      protocol::Opcode::kResolve, protocol::ResolveRequest{integration, type});
  co_return answer.value.place;
}

}  // namespace xref::console
