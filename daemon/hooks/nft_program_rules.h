// nftables rules that consult a BPF program, by the kernel's own bridge to the matches of iptables
// (nft_compat, xt_bpf). iptables-nft writes the same; no text of nft does.
//
// The program is looked up by its name when the rule is inserted; the rule then keeps it. Speaks to the
// network namespace of the calling thread, and looks names up in its mount namespace. Needs CAP_NET_ADMIN.
#pragma once

#include <span>
#include <string>

#include "daemon/hooks/nft_rules.h"

namespace vpcwall {

// All of them in one transaction. Throws std::runtime_error when the kernel refuses.
void insert_nft_program_rules(std::span<const NftProgramRule> rules);

// Why this kernel's nftables cannot consult a program; empty if it can. Loads the modules that it takes.
[[nodiscard]] std::string nft_program_refusal();

}  // namespace vpcwall
