#include "daemon/hooks/nft_objects.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "daemon/hooks/netfilter_socket.h"
#include "daemon/hooks/nft_session.h"

namespace vpcwall {
namespace {

std::string nft_name(Family family) { return family == Family::ipv4 ? "ip" : "ip6"; }

// The objects of one kind in the reply to a `list` command.
std::vector<nlohmann::json> listed(const std::string& output, const std::string& kind) {
  std::vector<nlohmann::json> found;
  const nlohmann::json reply = nlohmann::json::parse(output, nullptr, false);
  if (reply.is_discarded() || !reply.contains("nftables")) return found;
  for (const nlohmann::json& entry : reply["nftables"]) {
    if (entry.contains(kind)) found.push_back(entry[kind]);
  }
  return found;
}

// "Do not delete recursively": the kernel refuses what still holds something. libnftables cannot ask for
// that, and looking first would leave a moment in which somebody else's rule could be lost.
constexpr std::uint16_t not_recursively = 0x100;

nlmsghdr* put_message(char* at, std::uint16_t type, std::uint16_t flags, std::uint8_t family,
                      std::uint16_t resource) {
  nlmsghdr* message = mnl_nlmsg_put_header(at);
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* header = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->nfgen_family = family;
  header->version = NFNETLINK_V0;
  header->res_id = htons(resource);
  return message;
}

// One transaction with one message. Whether the kernel did it does not matter to us.
template <class Name>
void delete_if_unused(std::uint16_t kind, Family family, const Name& name) {
  const NetfilterSocket socket = open_netfilter_socket();
  if (!socket) return;
  std::array<char, 1024> buffer{};
  std::size_t size =
      put_message(buffer.data(), NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)->nlmsg_len;
  const auto type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8U) | kind);
  const auto protocol = static_cast<std::uint8_t>(family == Family::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
  nlmsghdr* message = put_message(buffer.data() + size, type, NLM_F_ACK | not_recursively, protocol, 0);
  name(message);
  size += message->nlmsg_len;
  size +=
      put_message(buffer.data() + size, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES)->nlmsg_len;
  // The kernel has done its work when the message is sent.
  (void)mnl_socket_sendto(socket.get(), buffer.data(), size);
}

}  // namespace

std::vector<std::string> nft_objects(Family family, std::string_view table) {
  NftSession session;
  std::vector<std::string> names;
  // Only names are asked for: listing rules would fail on those that other tools wrote.
  for (const nlohmann::json& entry :
       listed(session.list("list tables " + nft_name(family)).output, "table")) {
    if (entry.value("name", "") == table) names.emplace_back(nft_table_itself);
  }
  for (const nlohmann::json& entry :
       listed(session.list("list chains " + nft_name(family)).output, "chain")) {
    if (entry.value("table", "") == table) names.push_back(entry.value("name", ""));
  }
  return names;
}

std::vector<std::string> nft_inet_chains(std::string_view table) {
  NftSession session;
  std::vector<std::string> names;
  for (const nlohmann::json& entry : listed(session.list("list chains inet").output, "chain"))
    if (entry.value("table", "") == table) names.push_back(entry.value("name", ""));
  return names;
}

void delete_unused_nft_objects(Family family, std::string_view table, const std::vector<std::string>& made) {
  const std::string table_name(table);
  for (const std::string& object : made) {
    if (object == nft_table_itself) continue;
    delete_if_unused(NFT_MSG_DELCHAIN, family, [&](nlmsghdr* message) {
      mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table_name.c_str());
      mnl_attr_put_strz(message, NFTA_CHAIN_NAME, object.c_str());
    });
  }
  if (std::find(made.begin(), made.end(), nft_table_itself) == made.end()) return;
  delete_if_unused(NFT_MSG_DELTABLE, family, [&](nlmsghdr* message) {
    mnl_attr_put_strz(message, NFTA_TABLE_NAME, table_name.c_str());
  });
}

}  // namespace vpcwall
