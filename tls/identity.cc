#include "tls/identity.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "tls/failures.h"

namespace xref {

namespace ssl = boost::asio::ssl;

namespace {

// More than any chain of certificates has; a file that is larger is another one.
constexpr size_t kFileBytesMax = 4 << 20;

// `what` is what the file is to hold.
absl::Status Unusable(const char* what, const std::string& file, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("the {} {}: {}", what, file, why));
}

absl::StatusOr<std::string> ReadFile(const char* what, const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(kFileBytesMax + 1, '\0');
  if (stream) stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!stream.is_open() || stream.bad()) {
    return Unusable(what, file,
                    fmt::format("it cannot be read: {}; is it there, and may the user of this "
                                "process read it?",
                                std::strerror(errno)));
  }
  bytes.resize(static_cast<size_t>(stream.gcount()));
  if (bytes.size() > kFileBytesMax) {
    return Unusable(what, file, fmt::format("it is longer than {} bytes", kFileBytesMax));
  }
  return bytes;
}

bool IsPem(const std::string& bytes, std::string_view kind) {
  size_t at = 0;
  while ((at = bytes.find("-----BEGIN ", at)) != std::string::npos) {
    const std::string_view line = std::string_view(bytes).substr(at, bytes.find('\n', at) - at);
    if (line.find(kind) != std::string_view::npos) return true;
    ++at;
  }
  return false;
}

absl::Status CheckValidity(const std::string& file, ssl::context& context) {
  const X509* const certificate = SSL_CTX_get0_certificate(context.native_handle());
  const ASN1_TIME* const begin = X509_get0_notBefore(certificate);
  const ASN1_TIME* const end = X509_get0_notAfter(certificate);
  if (X509_cmp_current_time(end) <= 0) {
    return Unusable("certificate", file,
                    fmt::format("it expired at {}; put a new one there", TextOf(end)));
  }
  if (X509_cmp_current_time(begin) > 0) {
    return Unusable("certificate", file,
                    fmt::format("it is valid from {} on only; is the clock of this machine right?",
                                TextOf(begin)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status UseIdentity(const TlsIdentity& identity, ssl::context& context) {
  constexpr const char* kCertificate = "certificate";
  constexpr const char* kKey = "key";
  const auto chain = ReadFile(kCertificate, identity.certificate);
  if (!chain.ok()) return chain.status();
  if (!IsPem(*chain, "CERTIFICATE")) {
    return Unusable(
        kCertificate, identity.certificate,
        "it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----; "
        "\"openssl x509 -inform der\" makes that of DER");
  }
  const auto key = ReadFile(kKey, identity.key);
  if (!key.ok()) return key.status();
  if (!IsPem(*key, "PRIVATE KEY")) {
    return Unusable(
        kKey, identity.key,
        "it holds no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----");
  }
  if (key->find("ENCRYPTED") != std::string::npos) {
    return Unusable(
        kKey, identity.key,
        "it is encrypted, and nobody is asked for a passphrase; \"openssl pkey\" writes "
        "it without one");
  }
  // OpenSSL would ask for one on the terminal.
  context.set_password_callback(
      [](size_t, ssl::context::password_purpose) { return std::string(); });
  boost::system::error_code error;
  context.use_certificate_chain(boost::asio::buffer(*chain), error);
  if (error) {
    return Unusable(kCertificate, identity.certificate,
                    fmt::format("it cannot be used: {}", error.message()));
  }
  if (auto status = CheckValidity(identity.certificate, context); !status.ok()) return status;
  context.use_private_key(boost::asio::buffer(*key), ssl::context::pem, error);
  const bool is_other =
      error && ERR_GET_LIB(static_cast<unsigned long>(error.value())) == ERR_LIB_X509;
  if (is_other || (!error && SSL_CTX_check_private_key(context.native_handle()) != 1)) {
    ERR_clear_error();
    return Unusable(kKey, identity.key,
                    fmt::format("it does not belong to the certificate {}; name the key that this "
                                "certificate was made for",
                                identity.certificate));
  }
  if (error) {
    return Unusable(kKey, identity.key, fmt::format("it cannot be used: {}", error.message()));
  }
  return absl::OkStatus();
}

absl::Status TrustCas(const std::string& file, ssl::context& context) {
  constexpr const char* kCas = "file of CA certificates";
  const auto bytes = ReadFile(kCas, file);
  if (!bytes.ok()) return bytes.status();
  if (!IsPem(*bytes, "CERTIFICATE")) {
    return Unusable(
        kCas, file,
        "it holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----");
  }
  boost::system::error_code error;
  context.add_certificate_authority(boost::asio::buffer(*bytes), error);
  if (!error) return absl::OkStatus();
  return Unusable(kCas, file, fmt::format("it cannot be used: {}", error.message()));
}

void UseModernTls(ssl::context& context) {
  SSL_CTX* const handle = context.native_handle();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_options(
      handle, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // AES with 128 bits first: as safe as anybody can use, and the cheapest where the processor knows
  // AES.
  SSL_CTX_set_ciphersuites(
      handle, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(handle, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL");
  // Tickets resume sessions, and cost no memory here.
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  // Buffers of records are held only while there is something in them.
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
}

std::string DescribeIdentity(ssl::context& context) {
  X509* const certificate = SSL_CTX_get0_certificate(context.native_handle());
  return fmt::format("the certificate of {}, until {}", NamesOf(certificate),
                     TextOf(X509_get0_notAfter(certificate)));
}

}  // namespace xref
