#pragma once

// Certificates for tests, as PEM files in a folder of theirs.

#include <string>

namespace xref::test {

struct IssuedCertificate {
  std::string certificate;  // paths
  std::string key;
};

// Days are counted from now; one that ended in the past has expired.
struct Validity {
  int from_days = -2;
  int until_days = 2;
};

class CertificateAuthority {
 public:
  // Makes the files NAME.pem and NAME.key.pem in `folder`, and those of what it issues beside them.
  CertificateAuthority(std::string folder, const std::string& name, Validity validity = {});

  // Its own certificate, which is what trusts all that it issues.
  const std::string& certificate() const { return own_.certificate; }

  // Makes NAME.pem and NAME.key.pem, or new ones in their place. `alternatives` are the names that
  // it is for, as OpenSSL's configuration files write them.
  IssuedCertificate Issue(const std::string& name, Validity validity = {},
                          const std::string& alternatives = "IP:127.0.0.1, DNS:localhost") const;

 private:
  const std::string folder_;
  const IssuedCertificate own_;
};

}  // namespace xref::test
