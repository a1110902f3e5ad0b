#include "tls/failures.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>

namespace xref {
namespace {

// A certificate may have thousands of names; nobody reads more of them than these.
constexpr int kNamesToldMax = 8;

// A peer's certificate has any bytes in it: what a log or a terminal would act upon is left out.
std::string Printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 256)) text += c >= ' ' && c <= '~' ? c : '?';
  return text;
}

std::string AlternativeOf(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS) {
    const ASN1_STRING* const text = name.d.dNSName;
    return Printable({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                      static_cast<size_t>(ASN1_STRING_length(text))});
  }
  if (name.type != GEN_IPADD) return {};
  const ASN1_OCTET_STRING* const bytes = name.d.iPAddress;
  if (bytes->length == 4) {
    boost::asio::ip::address_v4::bytes_type address;
    std::memcpy(address.data(), bytes->data, address.size());
    return boost::asio::ip::make_address_v4(address).to_string();
  }
  if (bytes->length != 16) return {};
  boost::asio::ip::address_v6::bytes_type address;
  std::memcpy(address.data(), bytes->data, address.size());
  return boost::asio::ip::make_address_v6(address).to_string();
}

std::string SubjectOf(X509* certificate) {
  char subject[512];
  X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
  return subject[0] == '\0' ? "nobody" : Printable(subject);
}

// Where a connection keeps why it rejected its peer.
int RejectionIndex() {
  static const int index = SSL_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* text, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::string*>(text);
      });
  return index;
}

std::string WhyRejected(X509_STORE_CTX* chain) {
  const int error = X509_STORE_CTX_get_error(chain);
  X509* const certificate = X509_STORE_CTX_get_current_cert(chain);
  const std::string subject = certificate == nullptr ? "it" : SubjectOf(certificate);
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("its certificate is for {}", NamesOf(X509_STORE_CTX_get0_cert(chain)));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("the certificate of {} expired at {}", subject,
                         TextOf(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("the certificate of {} is valid from {} on only", subject,
                         TextOf(X509_get0_notBefore(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("the certificate of {} is of no CA that is trusted here", subject);
    default:
      return fmt::format("the certificate of {} is not accepted: {}", subject,
                         X509_verify_cert_error_string(error));
  }
}

// Called for each certificate of a chain; the last call decides.
int NoteRejection(int is_accepted, X509_STORE_CTX* chain) {
  if (is_accepted == 1) return 1;
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl == nullptr) return 0;
  auto why = std::make_unique<std::string>(WhyRejected(chain));
  delete static_cast<std::string*>(SSL_get_ex_data(ssl, RejectionIndex()));
  if (SSL_set_ex_data(ssl, RejectionIndex(), why.get()) == 1) static_cast<void>(why.release());
  return 0;
}

}  // namespace

std::string TextOf(const ASN1_TIME* time) {
  std::tm parts{};
  char text[32];
  if (ASN1_TIME_to_tm(time, &parts) != 1 ||
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
    return "a time that cannot be read";
  }
  return text;
}

std::string NamesOf(X509* certificate) {
  std::string names;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> found(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  const int count = found ? sk_GENERAL_NAME_num(found.get()) : 0;
  for (int i = 0; i < count && i < kNamesToldMax; ++i) {
    const std::string name = AlternativeOf(*sk_GENERAL_NAME_value(found.get(), i));
    if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
  }
  if (count > kNamesToldMax) names += ", and others";
  return names.empty() ? SubjectOf(certificate) : names;
}

void NoteRejections(SSL_CTX* context, int mode) {
  SSL_CTX_set_verify(context, mode, NoteRejection);
}

std::string RejectionOf(const SSL* ssl) {
  const auto* const why = static_cast<const std::string*>(SSL_get_ex_data(ssl, RejectionIndex()));
  return why == nullptr ? std::string() : *why;
}

std::string MeaningOf(const SSL* ssl, unsigned long error) {
  if (std::string why = RejectionOf(ssl); !why.empty()) return why;
  if (const char* const reason = ERR_reason_error_string(error)) return reason;
  return "the connection broke";
}

unsigned long SslErrorOf(const boost::system::error_code& error) {
  if (error.category() != boost::asio::error::get_ssl_category()) return 0;
  return static_cast<unsigned long>(error.value());
}

}  // namespace xref
