// A HookPlan as nftables rules: a text, and what the text cannot say.
//
// The language of nft has no word for a BPF program, though the kernel's nftables can consult one, as
// iptables-nft has it do. Rules that do so are inserted into the chains that the text made
// (nft_program_rules.h). Until they are there a packet meets the queue, so nothing passes unjudged meanwhile.
#pragma once

#include <string>
#include <vector>

#include "daemon/hooks/hook_plan.h"

namespace vpcwall {

inline constexpr std::string_view nft_table = "vpcwall";  // of family inet

// What a packet that has been taken meets last; `render_nft` has it queue.
[[nodiscard]] std::string nft_queue_statement(const HookPlan& plan);
// The transaction that puts the plan in force, whatever was in the table before.
[[nodiscard]] std::string render_nft(const HookPlan& plan, const std::string& last_word);
[[nodiscard]] inline std::string render_nft(const HookPlan& plan) {
  return render_nft(plan, nft_queue_statement(plan));
}
// The transaction that leaves no table of ours.
[[nodiscard]] std::string render_nft_removal();

struct NftProgramRule {
  std::string chain;
  std::string program;   // its name in a BPF file system
  bool accepts = false;  // what the program matches; otherwise that is dropped
  friend bool operator==(const NftProgramRule&, const NftProgramRule&) = default;
};
// Each goes to the head of its chain, in this order. None without a fast path.
[[nodiscard]] std::vector<NftProgramRule> nft_program_rules(const HookPlan& plan);

}  // namespace vpcwall
