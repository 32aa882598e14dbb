#include "daemon/hooks/links.h"

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <system_error>
#include <vector>

#include "daemon/hooks/netlink_attributes.h"

namespace vpcwall {
namespace {

struct CloseSocket {
  void operator()(mnl_socket* socket) const noexcept { mnl_socket_close(socket); }
};

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category(), "devices"); }

void dump(std::uint16_t type, std::uint8_t family, std::size_t header_size,
          const std::function<void(const nlmsghdr&)>& each) {
  const std::unique_ptr<mnl_socket, CloseSocket> socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) fail();
  std::vector<char> buffer(1U << 16U);
  nlmsghdr* request = mnl_nlmsg_put_header(buffer.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  // The family is the first byte of every header.
  *static_cast<std::uint8_t*>(mnl_nlmsg_put_extra_header(request, header_size)) = family;
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) fail();
  for (;;) {
    const ssize_t got = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (got < 0) fail();
    auto left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type == NLMSG_DONE) return;
      if (message->nlmsg_type == NLMSG_ERROR) {
        errno = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
        fail();
      }
      each(*message);
    }
  }
}

void read_address(const nlattr* attribute, MacAddress& address) {
  if (mnl_attr_get_payload_len(attribute) == address.size())
    std::memcpy(address.data(), mnl_attr_get_payload(attribute), address.size());
}

}  // namespace

Links read_links() {
  Links links;
  dump(RTM_GETLINK, AF_UNSPEC, sizeof(ifinfomsg), [&](const nlmsghdr& message) {
    const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
    Link link;
    link.is_ethernet = header->ifi_type == ARPHRD_ETHER;
    bool parent_is_elsewhere = false;
    each_attribute(message, sizeof(ifinfomsg), [&](const nlattr* attribute) {
      switch (mnl_attr_get_type(attribute)) {
        case IFLA_IFNAME: link.name = mnl_attr_get_str(attribute); break;
        case IFLA_ADDRESS: read_address(attribute, link.address); break;
        case IFLA_MASTER: link.master = mnl_attr_get_u32(attribute); break;
        case IFLA_LINK: link.parent = mnl_attr_get_u32(attribute); break;
        case IFLA_LINK_NETNSID: parent_is_elsewhere = true; break;
        case IFLA_LINKINFO:
          each_nested(attribute, [&](const nlattr* part) {
            if (mnl_attr_get_type(part) == IFLA_INFO_KIND) link.kind = mnl_attr_get_str(part);
          });
          break;
        default: break;
      }
    });
    const auto index = static_cast<std::uint32_t>(header->ifi_index);
    if (parent_is_elsewhere || link.parent == index) link.parent = 0;
    links.emplace(index, std::move(link));
  });
  return links;
}

std::set<std::uint32_t> links_with_further_addresses(const Links& links) {
  std::set<std::uint32_t> found;
  dump(RTM_GETNEIGH, PF_BRIDGE, sizeof(ifinfomsg), [&](const nlmsghdr& message) {
    const auto* header = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(&message));
    const auto index = static_cast<std::uint32_t>(header->ndm_ifindex);
    const auto link = links.find(index);
    if (link == links.end() || (header->ndm_flags & NTF_SELF) == 0) return;
    MacAddress address{};
    each_attribute(message, sizeof(ndmsg), [&](const nlattr* attribute) {
      if (mnl_attr_get_type(attribute) == NDA_LLADDR) read_address(attribute, address);
    });
    const bool is_group = (address[0] & 1U) != 0;
    if (is_group || address == link->second.address || address == MacAddress{}) return;
    // A VLAN with an address of its own is none: its packets meet the hooks of IP.
    const bool is_vlan = std::any_of(links.begin(), links.end(), [&](const auto& other) {
      return other.second.parent == index && other.second.kind == "vlan" && other.second.address == address;
    });
    if (!is_vlan) found.insert(index);
  });
  return found;
}

}  // namespace vpcwall
