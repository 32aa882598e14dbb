#include "daemon/hooks/nft_program_rules.h"

#include <arpa/inet.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_bpf.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "daemon/hooks/netfilter_socket.h"

namespace vpcwall {
namespace {

constexpr const char* match_name = "bpf";
constexpr std::uint32_t match_revision = 1;  // the first that takes a name

struct FreeRule {
  void operator()(nftnl_rule* rule) const noexcept { nftnl_rule_free(rule); }
};
using Rule = std::unique_ptr<nftnl_rule, FreeRule>;

NetfilterSocket open_socket() {
  NetfilterSocket socket = open_netfilter_socket();
  if (!socket) throw std::system_error(errno, std::generic_category(), "netlink");
  return socket;
}

// What the kernel says of `asked` messages that wanted an answer; 0: it did them all. It has answered when
// the call that sent them returns.
int verdict_of_kernel(const NetfilterSocket& socket, std::size_t asked) {
  std::array<char, 8192> buffer{};
  for (;;) {
    const ssize_t got = recv(mnl_socket_get_fd(socket.get()), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN ? EPROTO : errno;  // fewer answers than questions
    auto left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type != NLMSG_ERROR) continue;
      if (const int error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error; error != 0)
        return -error;
      if (--asked == 0) return 0;
    }
  }
}

nftnl_expr* make_expression(const char* kind) {
  nftnl_expr* expression = nftnl_expr_alloc(kind);
  if (expression == nullptr) throw std::bad_alloc();
  return expression;
}

// libnftnl frees what it was given with free().
struct Free {
  void operator()(void* memory) const noexcept { std::free(memory); }  // NOLINT: its way, not ours
};

Rule to_rule(const NftProgramRule& wanted) {
  xt_bpf_info_v1 info{};
  if (wanted.program.size() >= sizeof(info.path))
    throw std::runtime_error("the name of a BPF program is too long: " + wanted.program);
  info.mode = XT_BPF_MODE_PATH_PINNED;
  wanted.program.copy(info.path, wanted.program.size());

  Rule rule(nftnl_rule_alloc());
  if (!rule) throw std::bad_alloc();
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, NFPROTO_INET);
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, std::string(nft_table).c_str());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, wanted.chain.c_str());
  nftnl_expr* match = make_expression("match");
  nftnl_rule_add_expr(rule.get(), match);
  nftnl_expr_set_str(match, NFTNL_EXPR_MT_NAME, match_name);
  nftnl_expr_set_u32(match, NFTNL_EXPR_MT_REV, match_revision);
  std::unique_ptr<void, Free> kept(std::malloc(sizeof(info)));  // NOLINT: libnftnl keeps it
  if (!kept) throw std::bad_alloc();
  std::memcpy(kept.get(), &info, sizeof(info));
  nftnl_expr_set(match, NFTNL_EXPR_MT_INFO, kept.release(), sizeof(info));  // NOLINT: no leak
  nftnl_expr* verdict = make_expression("immediate");
  nftnl_rule_add_expr(rule.get(), verdict);
  nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, wanted.accepts ? NF_ACCEPT : NF_DROP);
  return rule;
}

}  // namespace

void insert_nft_program_rules(std::span<const NftProgramRule> rules) {
  if (rules.empty()) return;
  constexpr std::size_t most_bytes_of_a_rule = 1024;
  std::vector<char> buffer((rules.size() + 2) * most_bytes_of_a_rule);
  std::uint32_t sequence = 0;
  std::size_t size = nftnl_batch_begin(buffer.data(), sequence++)->nlmsg_len;
  for (const NftProgramRule& wanted : rules) {
    nlmsghdr* message = nftnl_nlmsg_build_hdr(buffer.data() + size, NFT_MSG_NEWRULE, NFPROTO_INET,
                                              NLM_F_CREATE | NLM_F_ACK, sequence++);
    nftnl_rule_nlmsg_build_payload(message, to_rule(wanted).get());
    size += message->nlmsg_len;
  }
  size += nftnl_batch_end(buffer.data() + size, sequence)->nlmsg_len;
  const NetfilterSocket socket = open_socket();
  if (mnl_socket_sendto(socket.get(), buffer.data(), size) < 0)
    throw std::system_error(errno, std::generic_category(), "netlink");
  if (const int error = verdict_of_kernel(socket, rules.size()); error != 0)
    throw std::system_error(error, std::generic_category(), "nftables refused a rule of the fast path");
}

std::string nft_program_refusal() {
  const std::string advice =
      " (CONFIG_NFT_COMPAT and CONFIG_NETFILTER_XT_MATCH_BPF, modules nft_compat and xt_bpf)";
  try {
    std::array<char, 512> buffer{};
    // Asked for the one family by whose name the kernel finds the module.
    nlmsghdr* message = nftnl_nlmsg_build_hdr(buffer.data(), 0, NFPROTO_IPV4, NLM_F_ACK, 1);
    message->nlmsg_type = (NFNL_SUBSYS_NFT_COMPAT << 8) | NFNL_MSG_COMPAT_GET;
    mnl_attr_put_strz(message, NFTA_COMPAT_NAME, match_name);
    mnl_attr_put_u32(message, NFTA_COMPAT_REV, htonl(match_revision));
    mnl_attr_put_u32(message, NFTA_COMPAT_TYPE, htonl(0));  // a match, not a target
    const NetfilterSocket socket = open_socket();
    if (mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0)
      return std::strerror(errno) + advice;
    if (const int error = verdict_of_kernel(socket, 1); error != 0)
      return "this kernel's nftables cannot consult a BPF program: " + std::string(std::strerror(error)) +
             advice;
    return {};
  } catch (const std::system_error& error) {
    return error.what() + advice;
  }
}

}  // namespace vpcwall
