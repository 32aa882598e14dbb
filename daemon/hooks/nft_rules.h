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

// What a packet that has been taken meets last.
[[nodiscard]] std::string nft_queue_statement(const HookPlan& plan);
// The transaction that puts the plan in force, whatever rules were in the table before. Of the chains that
// are `present` there, those with a hook stay if they are needed: when a hook goes, the kernel drops every
// packet that waits in a queue of the namespace.
[[nodiscard]] std::string render_nft(const HookPlan& plan, const std::string& last_word,
                                     const std::vector<std::string>& present);
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
