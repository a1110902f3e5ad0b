#include "tls/client_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <utility>

#include "tls/failures.h"

namespace xref {

namespace ssl = boost::asio::ssl;

namespace {

absl::StatusOr<TlsContext> Build(const TlsClientContext::Options& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  UseModernTls(*context);
  if (options.ca.empty()) {
    boost::system::error_code error;
    context->set_default_verify_paths(error);
    if (error) {
      return absl::InvalidArgumentError(
          fmt::format("the CAs of this system cannot be read: {}; name a file of CA certificates "
                      "with {}",
                      error.message(), options.ca_option));
    }
  } else if (auto status = TrustCas(options.ca, *context); !status.ok()) {
    return status;
  }
  NoteRejections(context->native_handle(), SSL_VERIFY_PEER);
  if (options.identity.certificate.empty()) return context;
  if (auto status = UseIdentity(options.identity, *context); !status.ok()) return status;
  return context;
}

bool IsAddress(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TlsClientContext>> TlsClientContext::Make(const Options& options) {
  const auto load = [options] { return Build(options); };
  auto context = load();
  if (!context.ok()) return context.status();
  return std::shared_ptr<TlsClientContext>(
      new TlsClientContext(options, load, *std::move(context)));
}

void TlsClientContext::Expect(SSL* ssl, const std::string& host) const {
  const std::string& name = options_.name.empty() ? host : options_.name;
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // One that cannot be set must not stay unchecked.
  bool is_set = false;
  if (IsAddress(name)) {
    is_set = X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) == 1;
  } else {
    is_set = X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size()) == 1 &&
             SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
  }
  if (!is_set) X509_VERIFY_PARAM_set1_host(expected, "name.invalid", 0);
}

std::string TlsClientContext::Explain(const SSL* ssl, unsigned long error) const {
  const int reason = ERR_GET_REASON(error);
  const long verified = SSL_get_verify_result(ssl);
  if (const std::string why = RejectionOf(ssl); !why.empty()) {
    if (verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH) {
      return fmt::format("{}, and that is not how it was called", why);
    }
    return why + (verified == X509_V_ERR_CERT_HAS_EXPIRED
                      ? "; a new one is needed there"
                      : fmt::format("; name a file with that CA by {}", options_.ca_option));
  }
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return MeaningOf(ssl, error);
  // Some servers call a certificate bad that was not presented at all.
  const bool misses_ours =
      reason == SSL_R_SSLV3_ALERT_BAD_CERTIFICATE && SSL_get_certificate(ssl) == nullptr;
  switch (misses_ours ? SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED : reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return "it does not speak TLS at this port: connect without TLS, or start it with a "
             "certificate";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return fmt::format("it lets in only those who present a certificate: name one with {}",
                         options_.identity_options);
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      return fmt::format("it refuses the handshake; it may want a certificate, with {}",
                         options_.identity_options);
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return fmt::format(
          "it does not accept the certificate that was presented ({}); is it of a "
          "CA that the server trusts?",
          MeaningOf(ssl, error));
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return "it speaks neither TLS 1.2 nor a later version";
    default:
      return MeaningOf(ssl, error);
  }
}

}  // namespace xref
