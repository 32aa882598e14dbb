#include "daemon/hooks/nft_session.h"

#include <nftables/libnftables.h>

#include <stdexcept>

namespace vpcwall {

void NftSession::Deleter::operator()(nft_ctx* context) const noexcept { nft_ctx_free(context); }

NftSession::NftSession() : context_(nft_ctx_new(NFT_CTX_DEFAULT)) {
  if (!context_ || nft_ctx_buffer_output(context_.get()) != 0 || nft_ctx_buffer_error(context_.get()) != 0) {
    throw std::runtime_error("cannot start libnftables");
  }
}

NftResult NftSession::run(const std::string& commands) {
  NftResult result;
  result.ok = nft_run_cmd_from_buffer(context_.get(), commands.c_str()) == 0;
  // Reading a buffer also empties it.
  result.output = nft_ctx_get_output_buffer(context_.get());
  result.errors = nft_ctx_get_error_buffer(context_.get());
  while (!result.errors.empty() && result.errors.back() == '\n') result.errors.pop_back();
  return result;
}

NftResult NftSession::check(const std::string& commands) {
  nft_ctx_set_dry_run(context_.get(), true);
  NftResult result = run(commands);
  nft_ctx_set_dry_run(context_.get(), false);
  return result;
}

NftResult NftSession::list(const std::string& command) {
  const unsigned flags = nft_ctx_output_get_flags(context_.get());
  nft_ctx_output_set_flags(context_.get(), flags | NFT_CTX_OUTPUT_JSON);
  NftResult result = run(command);
  nft_ctx_output_set_flags(context_.get(), flags);
  return result;
}

}  // namespace vpcwall
