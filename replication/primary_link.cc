#include "replication/primary_link.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <thread>

#include "persistence/durable_file.h"
#include "persistence/file_descriptor.h"

namespace xref {
namespace {

using protocol::Opcode;
using protocol::StatusCode;

constexpr std::chrono::milliseconds kConnectTimeout{1'000};
// A primary answers a FETCH within kFetchWaitMs; anything else may take it a little longer.
constexpr std::chrono::milliseconds kAnswerTimeout{2'000};
static_assert(kAnswerTimeout.count() > 4 * protocol::kFetchWaitMs);
// Between two questions whether a backup is ready.
constexpr std::chrono::milliseconds kCopyPause{20};

absl::Status ToStatus(const protocol::Refusal& refusal) {
  const std::string message = fmt::format("{} ({})", refusal.message, Name(refusal.status));
  switch (refusal.status) {
    case StatusCode::kNotReady:
    case StatusCode::kOverloaded:
      return absl::UnavailableError(message);
    case StatusCode::kNotPrimary:
    case StatusCode::kStaleEpoch:
      return absl::FailedPreconditionError(message);
    default:
      return absl::InternalError(message);
  }
}

}  // namespace

absl::StatusOr<PrimaryLink> PrimaryLink::Open(const std::string& primary, const std::string& token,
                                              Epoch epoch, const Channel::Tls& tls) {
  auto channel = Channel::Open(primary, kConnectTimeout, tls);
  if (!channel.ok()) return channel.status();
  PrimaryLink link(*std::move(channel), epoch);
  const auto hello = link.Call<protocol::HelloReply>(
      Opcode::kHello,
      protocol::HelloRequest{.client = "xrefd " XREF_VERSION " as a standby", .token = token});
  if (!hello.ok()) return hello.status();
  return link;
}

template <typename Reply, typename Request>
absl::StatusOr<Reply> PrimaryLink::Call(Opcode opcode, const Request& request) {
  protocol::FrameHeader header;
  header.opcode = opcode;
  header.request_id = ++last_request_id_;
  header.epoch = epoch_;
  std::string bytes;
  protocol::FrameWriter writer(bytes, header);
  Encode(request, bytes);
  writer.Close();
  if (auto status = channel_->Send(bytes); !status.ok()) return status;
  const auto frame = channel_->Receive(kAnswerTimeout);
  if (!frame.ok()) return frame.status();
  if (frame->header.epoch < epoch_ && frame->header.status == StatusCode::kOk &&
      opcode != Opcode::kHello) {
    return absl::FailedPreconditionError(
        fmt::format("{} is of epoch {}, and epoch {} has begun: it is not the primary any more",
                    channel_->server(), frame->header.epoch, epoch_));
  }
  // One that cannot read what it was sent refuses the connection, whatever was asked.
  const bool refuses_all = frame->header.request_id == 0 && frame->header.status != StatusCode::kOk;
  if (frame->header.request_id != header.request_id && !refuses_all) {
    return absl::InternalError("the primary answered a question that was not asked");
  }
  if (frame->header.status != StatusCode::kOk) {
    return ToStatus(protocol::DecodeRefusal(frame->header.status, frame->payload));
  }
  Reply reply;
  if (const auto refusal = Decode(frame->payload, reply)) {
    return absl::InternalError(
        fmt::format("the primary's reply cannot be read: {}", refusal->message));
  }
  return reply;
}

absl::StatusOr<protocol::FollowReply> PrimaryLink::Follow(const protocol::FollowRequest& request) {
  return Call<protocol::FollowReply>(Opcode::kFollow, request);
}

absl::StatusOr<protocol::FetchReply> PrimaryLink::Fetch(const protocol::FetchRequest& request) {
  return Call<protocol::FetchReply>(Opcode::kFetch, request);
}

absl::Status PrimaryLink::Copy(const std::string& path,
                               absl::FunctionRef<bool(uint64_t done, uint64_t of)> go_on) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.ok()) return FileFailure(path, "making");
  protocol::BackupRequest request{.begin = true, .offset = 0};
  for (;;) {
    const auto reply = Call<protocol::BackupReply>(Opcode::kBackup, request);
    if (!reply.ok()) return reply.status();
    request.begin = false;
    if (reply->state == protocol::BackupState::kReady) {
      const std::string_view piece(reinterpret_cast<const char*>(reply->piece.data()),
                                   reply->piece.size());
      if (auto status = WriteAll(file.get(), piece, path); !status.ok()) return status;
      request.offset += reply->piece.size();
      if (request.offset == reply->bytes) return absl::OkStatus();
    } else {
      std::this_thread::sleep_for(kCopyPause);
    }
    if (!go_on(request.offset, reply->bytes)) return absl::CancelledError("told to stop");
  }
}

}  // namespace xref
