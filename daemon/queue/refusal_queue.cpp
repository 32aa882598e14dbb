#include "daemon/queue/refusal_queue.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace vpcwall {

RefusalQueue::RefusalQueue(std::uint16_t number) : socket_(open_netfilter_socket()) {
  const auto fail = [number](int error) {
    throw std::system_error(error, std::generic_category(),
                            "queue " + std::to_string(number) + ", for what the fast path refuses");
  };
  if (!socket_) fail(errno);
  std::array<char, 256> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = NFNL_SUBSYS_QUEUE << 8U | NFQNL_MSG_CONFIG;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message->nlmsg_seq = 1;
  auto* header = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->version = NFNETLINK_V0;
  header->res_id = htons(number);
  const nfqnl_msg_config_cmd bind{NFQNL_CFG_CMD_BIND, 0, htons(AF_UNSPEC)};
  mnl_attr_put(message, NFQA_CFG_CMD, sizeof bind, &bind);
  if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0) fail(errno);
  const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
  if (got < 0) fail(errno);
  if (mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 1, mnl_socket_get_portid(socket_.get()),
                 nullptr, nullptr) < 0)
    fail(errno);
}

}  // namespace vpcwall
