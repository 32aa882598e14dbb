#include "audit/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace vpcwall {

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256 is not available in libcrypto");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string name = "sha256:";
  for (unsigned i = 0; i < size; ++i) {
    name += digits[bytes.at(i) >> 4U];
    name += digits[bytes.at(i) & 15U];
  }
  return name;
}

}  // namespace vpcwall
