#include "tests/certificates.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <utility>

namespace xref::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

constexpr long kSecondsInADay = 86'400;

File Open(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), std::fclose);
  if (!file) ADD_FAILURE() << "cannot open " << path;
  return file;
}

void Extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  EXPECT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself where that has no certificate.
IssuedCertificate Make(const std::string& folder, const std::string& name, Validity validity,
                       const std::string& alternatives, const IssuedCertificate& issuer) {
  const IssuedCertificate made{folder + "/" + name + ".pem", folder + "/" + name + ".key.pem"};
  const bool is_ca = issuer.certificate.empty();
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), validity.from_days * kSecondsInADay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), validity.until_days * kSecondsInADay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key.get());

  Key issuer_key(nullptr, EVP_PKEY_free);
  Certificate issuer_certificate(nullptr, X509_free);
  if (!is_ca) {
    issuer_key.reset(PEM_read_PrivateKey(Open(issuer.key, "r").get(), nullptr, nullptr, nullptr));
    issuer_certificate.reset(
        PEM_read_X509(Open(issuer.certificate, "r").get(), nullptr, nullptr, nullptr));
  }
  X509* const signer = is_ca ? certificate.get() : issuer_certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  Extend(certificate.get(), signer, NID_basic_constraints,
         is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!is_ca) Extend(certificate.get(), signer, NID_subject_alt_name, alternatives);
  EXPECT_GT(X509_sign(certificate.get(), is_ca ? key.get() : issuer_key.get(), EVP_sha256()), 0);

  EXPECT_EQ(PEM_write_X509(Open(made.certificate, "w").get(), certificate.get()), 1);
  EXPECT_EQ(PEM_write_PrivateKey(Open(made.key, "w").get(), key.get(), nullptr, nullptr, 0, nullptr,
                                 nullptr),
            1);
  return made;
}

}  // namespace

CertificateAuthority::CertificateAuthority(std::string folder, const std::string& name,
                                           Validity validity)
    : folder_(std::move(folder)), own_(Make(folder_, name, validity, "", {})) {}

IssuedCertificate CertificateAuthority::Issue(const std::string& name, Validity validity,
                                              const std::string& alternatives) const {
  return Make(folder_, name, validity, alternatives, own_);
}

}  // namespace xref::test
