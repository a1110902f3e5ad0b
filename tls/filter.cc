#include "tls/filter.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "tls/failures.h"

namespace xref {
namespace {

// What is read at a time: as much as a connection handles in one turn. Before the handshake is over
// nobody needs that much.
constexpr size_t kRoomBytes = 64 << 10;
constexpr size_t kRoomBytesAtFirst = 16 << 10;

}  // namespace

// OpenSSL's way to the bytes: it takes those that were received and leaves its own with what is
// sealed, without a buffer between.
const BIO_METHOD* TlsFilter::Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "xref");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(made, [](BIO* bio, char* out, int most) {
      auto& filter = *static_cast<TlsFilter*>(BIO_get_data(bio));
      BIO_clear_retry_flags(bio);
      const std::span<const uint8_t> received = filter.received();
      if (received.empty()) {
        BIO_set_retry_read(bio);
        return -1;
      }
      const size_t size = std::min(received.size(), static_cast<size_t>(most));
      std::memcpy(out, received.data(), size);
      filter.received_begin_ += size;
      filter.is_fresh_ = false;
      return static_cast<int>(size);
    });
    BIO_meth_set_write(made, [](BIO* bio, const char* bytes, int size) {
      BIO_clear_retry_flags(bio);
      static_cast<TlsFilter*>(BIO_get_data(bio))->sealed_.append(bytes, static_cast<size_t>(size));
      return size;
    });
    BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

TlsFilter::TlsFilter(TlsContext context, Side side)
    : context_(std::move(context)), ssl_(SSL_new(context_->native_handle())) {
  BIO* const bio = ssl_ == nullptr ? nullptr : BIO_new(Method());
  if (bio == nullptr) {
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);  // which owns it from now on
  if (side == Side::kServer) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
  }
}

TlsFilter::~TlsFilter() { SSL_free(ssl_); }

std::string TlsFilter::Describe() const {
  std::string text = fmt::format("{}, {}", SSL_get_version(ssl_), SSL_get_cipher_name(ssl_));
  if (X509* const peer = SSL_get0_peer_certificate(ssl_)) {
    text += fmt::format(", with the certificate of {}", NamesOf(peer));
  }
  return text;
}

void TlsFilter::Begin() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) NoteEnd(result);
}

std::span<uint8_t> TlsFilter::Room() {
  const bool was_filled = received_end_ == received_.size();
  received_begin_ = received_end_ = 0;
  if (received_.empty()) {
    received_.resize(kRoomBytesAtFirst);
  } else if (was_filled && state_ != State::kHandshake) {
    received_.resize(kRoomBytes);
  }
  return received_;
}

size_t TlsFilter::Open(std::span<uint8_t> plain) {
  size_t made = 0;
  while (made < plain.size() && (state_ == State::kHandshake || state_ == State::kOpen)) {
    ERR_clear_error();
    size_t size = 0;
    const int result = SSL_read_ex(ssl_, plain.data() + made, plain.size() - made, &size);
    if (state_ == State::kHandshake && SSL_is_init_finished(ssl_) == 1) state_ = State::kOpen;
    made += size;
    if (result != 1) {
      NoteEnd(result);
      break;
    }
  }
  return made;
}

void TlsFilter::NoteEnd(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      state_ = State::kClosed;
      return;
    default:
      error_ = ERR_peek_error();
      failure_ = MeaningOf(ssl_, error_);
      state_ = State::kFailed;
      ERR_clear_error();
  }
}

bool TlsFilter::Seal(std::string_view plain) {
  if (state_ != State::kOpen && state_ != State::kClosed) return false;
  if (plain.empty()) return true;
  ERR_clear_error();
  size_t size = 0;
  if (SSL_write_ex(ssl_, plain.data(), plain.size(), &size) == 1) return true;
  NoteEnd(0);
  return false;
}

void TlsFilter::Close() {
  if (state_ != State::kOpen && state_ != State::kClosed) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
}

void TlsFilter::Sent(size_t size) {
  sent_ += size;
  if (sent_ < sealed_.size()) return;
  sealed_.clear();
  sent_ = 0;
}

}  // namespace xref
