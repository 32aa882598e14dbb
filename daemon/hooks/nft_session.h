// One libnftables context: commands as text in, the tool's words out.
//
// A context speaks to the network namespace of the thread that made it. Not thread-safe.
#pragma once

#include <memory>
#include <string>

struct nft_ctx;

namespace vpcwall {

struct NftResult {
  bool ok = false;
  std::string output;
  std::string errors;  // without trailing line ends
};

class NftSession {
 public:
  NftSession();  // throws std::runtime_error when libnftables cannot be started

  // All commands of `commands` in one transaction.
  [[nodiscard]] NftResult run(const std::string& commands);
  // The kernel judges the transaction in full, then forgets it.
  [[nodiscard]] NftResult check(const std::string& commands);
  // With output in JSON, for `list` commands.
  [[nodiscard]] NftResult list(const std::string& command);

 private:
  struct Deleter {
    void operator()(nft_ctx* context) const noexcept;
  };
  std::unique_ptr<nft_ctx, Deleter> context_;
};

}  // namespace vpcwall
