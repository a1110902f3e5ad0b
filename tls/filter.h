#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tls/reloadable_context.h"

namespace xref {

// One end of a TLS connection as a filter: bytes of the peer in, what they say out; what is to be
// said in, bytes for the peer out. It knows no socket and no clock, and never waits.
//
//   read into Room(), say so by Received(), then Open until it makes nothing
//   Seal what is to be said; send Sealed(), say so by Sent()
//
// Both may make bytes for the peer: Open those of the handshake. Memory: what was received and not
// opened is 64 KiB at most (16 KiB before the handshake is over), beside one record of OpenSSL's in
// each direction; what is sealed is for the caller to bound, who seals no more than is sent.
//
// Thread-compatible.
class TlsFilter {
 public:
  enum class Side { kServer, kClient };
  enum class State {
    kHandshake,
    kOpen,
    kClosed,  // the peer has said that it sends nothing more
    kFailed,  // for good; what is sealed then tells the peer why
  };

  TlsFilter(TlsContext context, Side side);
  ~TlsFilter();
  TlsFilter(const TlsFilter&) = delete;
  TlsFilter& operator=(const TlsFilter&) = delete;

  State state() const { return state_; }
  // Why it has failed, for people.
  const std::string& failure() const { return failure_; }
  // As ERR_get_error has it.
  unsigned long error() const { return error_; }
  // To prepare the handshake, or to ask about the peer.
  SSL* handle() { return ssl_; }

  // For a log, once the handshake is over: what was agreed on, and who the peer is if it has proved
  // that.
  std::string Describe() const;

  // Of a client: begins the handshake.
  void Begin();

  // ---- From the peer ----

  // Where the next bytes go. Only while Open has nothing left.
  std::span<uint8_t> Room();
  void Received(size_t size) { received_end_ += size; }
  // Whether nothing was opened yet.
  bool is_fresh() const { return is_fresh_; }
  // What was received and not opened.
  std::span<const uint8_t> received() const {
    return {received_.data() + received_begin_, received_end_ - received_begin_};
  }

  // Puts what the received bytes say into `plain`, which has room for some, and returns how many
  // bytes that are. 0: nothing is left to be opened, or the state says why not. What came before
  // the end of a connection or a failure is handed out, whatever the state says by then.
  size_t Open(std::span<uint8_t> plain);

  // ---- To the peer ----

  // False before the handshake is over, and after a failure: nothing was taken.
  bool Seal(std::string_view plain);
  // Tells the peer that nothing more is sent.
  void Close();

  std::string_view Sealed() const { return std::string_view(sealed_).substr(sent_); }
  void Sent(size_t size);

 private:
  static const BIO_METHOD* Method();
  // After a call of OpenSSL's that did not succeed: often it only wants more bytes.
  void NoteEnd(int result);

  const TlsContext context_;
  SSL* const ssl_;
  State state_ = State::kHandshake;
  std::string failure_;
  unsigned long error_ = 0;
  // Bytes [received_begin_, received_end_) wait to be opened.
  std::vector<uint8_t> received_;
  size_t received_begin_ = 0;
  size_t received_end_ = 0;
  bool is_fresh_ = true;
  // Bytes [sent_, end) wait to be sent.
  std::string sealed_;
  size_t sent_ = 0;
};

}  // namespace xref
