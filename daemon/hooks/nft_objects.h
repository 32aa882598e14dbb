// What stands in an nftables table that is not ours alone, and the removal of what we left empty in it.
//
// The nft kind of iptables makes a table and its built-in chains the first time they are used. To leave the
// ruleset as it was, the xt back end notes what was missing before and hands it back here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace vpcwall {

inline constexpr std::string_view nft_table_itself = "table";

// nft_table_itself and the names of the table's chains; empty if there is no such table.
[[nodiscard]] std::vector<std::string> nft_objects(Family family, std::string_view table);

// The names of the chains of a table of family inet; empty if there is no such table.
[[nodiscard]] std::vector<std::string> nft_inet_chains(std::string_view table);

// Of `made`, deletes the chains that hold no rule and then the table if nothing is left in it. What is in use
// by somebody else stays: the kernel itself refuses.
void delete_unused_nft_objects(Family family, std::string_view table, const std::vector<std::string>& made);

}  // namespace vpcwall
