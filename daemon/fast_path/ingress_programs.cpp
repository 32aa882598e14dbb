#include "daemon/fast_path/ingress_programs.h"

#include <bpf/libbpf.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>

#include "daemon/file_descriptor.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_devices = 1024;
// "vpcw", and whether the qdisc is ours as well.
constexpr std::uint32_t handle_in_foreign_qdisc = 0x76706300;
constexpr std::uint32_t handle_in_own_qdisc = 0x76706301;
constexpr std::uint32_t last_priority = 0xffff;

struct Filter {
  std::uint32_t handle = 0, priority = 0;

  [[nodiscard]] bool is_ours() const noexcept {
    return priority == last_priority && (handle == handle_in_own_qdisc || handle == handle_in_foreign_qdisc);
  }
};

struct CloseSocket {
  void operator()(mnl_socket* socket) const noexcept { mnl_socket_close(socket); }
};

int note_filter(const nlmsghdr* message, void* found) {
  if (message->nlmsg_type != RTM_NEWTFILTER) return MNL_CB_OK;
  const auto* filter = static_cast<const tcmsg*>(mnl_nlmsg_get_payload(message));
  static_cast<std::vector<Filter>*>(found)->push_back({filter->tcm_handle, filter->tcm_info >> 16U});
  return MNL_CB_OK;
}

// At one side of a device; nothing where it has no qdisc, or is gone.
std::vector<Filter> filters_at(std::uint32_t device, std::uint32_t side) {
  std::vector<Filter> found;
  const std::unique_ptr<mnl_socket, CloseSocket> socket(mnl_socket_open(NETLINK_ROUTE));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
    throw std::runtime_error(std::string("cannot ask for the filters of a device: ") + std::strerror(errno));
  std::array<char, 256> request{};
  nlmsghdr* message = mnl_nlmsg_put_header(request.data());
  message->nlmsg_type = RTM_GETTFILTER;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto* which = static_cast<tcmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(tcmsg)));
  which->tcm_ifindex = static_cast<int>(device);
  which->tcm_parent = TC_H_MAKE(TC_H_CLSACT, side);
  if (mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0) return found;
  std::vector<char> buffer(std::size_t{1} << 16U);
  for (;;) {
    const ssize_t size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (size <= 0) return found;
    if (mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), 0, mnl_socket_get_portid(socket.get()),
                   note_filter, &found) <= MNL_CB_STOP)
      return found;
  }
}

std::optional<Filter> own_filter(std::uint32_t device) {
  const std::vector<Filter> all = filters_at(device, TC_H_MIN_INGRESS);
  const auto own = std::find_if(all.begin(), all.end(), [](const Filter& one) { return one.is_ours(); });
  return own == all.end() ? std::nullopt : std::optional(*own);
}

bpf_tc_hook hook_at(std::uint32_t device) {
  LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(device), .attach_point = BPF_TC_INGRESS);
  return hook;
}

int keep_quiet(libbpf_print_level /*level*/, const char* /*format*/, std::va_list /*arguments*/) { return 0; }

void detach(std::uint32_t device, const Filter& filter) {
  bpf_tc_hook hook = hook_at(device);
  LIBBPF_OPTS(bpf_tc_opts, options, .handle = filter.handle, .priority = filter.priority);
  bpf_tc_detach(&hook, &options);  // fails only where the device is gone, and the filter with it
  if (filter.handle != handle_in_own_qdisc || !filters_at(device, TC_H_MIN_INGRESS).empty() ||
      !filters_at(device, TC_H_MIN_EGRESS).empty())
    return;
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  bpf_tc_hook_destroy(&hook);
}

// 0, or the error.
int attach(std::uint32_t device, int program) {
  bpf_tc_hook hook = hook_at(device);
  std::uint32_t handle = handle_in_foreign_qdisc;
  if (const auto own = own_filter(device)) {
    handle = own->handle;
  } else if (const int error = bpf_tc_hook_create(&hook); error == 0) {
    handle = handle_in_own_qdisc;
  } else if (error != -EEXIST) {
    return -error;
  }
  LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .flags = BPF_TC_F_REPLACE, .handle = handle,
              .priority = last_priority);
  const int error = bpf_tc_attach(&hook, &options);
  if (error != 0) detach(device, {handle, last_priority});
  return -error;
}

// The kind of header that its packets start with; nothing for a device that is gone.
std::optional<unsigned short> hardware_type(std::uint32_t device) {
  ifreq request{};
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (::if_indextoname(device, request.ifr_name) == nullptr ||
      ::ioctl(socket.get(), SIOCGIFHWADDR, &request) != 0)
    return std::nullopt;
  return request.ifr_hwaddr.sa_family;
}

bool has_bare_packets(unsigned short type) noexcept {
  constexpr std::array<unsigned short, 3> bare{ARPHRD_NONE, ARPHRD_PPP, ARPHRD_RAWIP};
  return std::find(bare.begin(), bare.end(), type) != bare.end();
}

struct FreeNames {
  void operator()(struct if_nameindex* names) const noexcept { ::if_freenameindex(names); }
};

template <class Visitor>
void visit_devices(Visitor&& visitor) {
  const std::unique_ptr<struct if_nameindex, FreeNames> names(::if_nameindex());
  if (!names) return;
  for (const struct if_nameindex* one = names.get(); one->if_index != 0; ++one)
    visitor(one->if_index, std::string(one->if_name));
}

bool forwards(const std::string& device) {
  for (const char* family : {"ipv4", "ipv6"}) {
    std::ifstream file(std::string("/proc/sys/net/") + family + "/conf/" + device + "/forwarding");
    int value = 0;
    if (file >> value && value != 0) return true;
  }
  return false;
}

}  // namespace

std::vector<std::uint32_t> attach_at_ingress(const std::vector<std::uint32_t>& devices,
                                             const IngressProgram& program) {
  libbpf_set_print(keep_quiet);
  std::vector<std::uint32_t> attached;
  int last_error = ENODEV;
  for (const std::uint32_t device : devices) {
    const auto type = hardware_type(device);
    if (!type || (*type != ARPHRD_ETHER && !has_bare_packets(*type))) continue;
    const int error = attach(device, *type == ARPHRD_ETHER ? program.ethernet : program.bare);
    if (error == 0)
      attached.push_back(device);
    else
      last_error = error;
  }
  if (attached.empty())
    throw std::runtime_error(std::string("no device takes the fast path's program: ") +
                             std::strerror(last_error));
  return attached;
}

void detach_from_ingress_but(const std::vector<std::uint32_t>& devices) {
  libbpf_set_print(keep_quiet);
  visit_devices([&](std::uint32_t device, const std::string& /*name*/) {
    if (std::find(devices.begin(), devices.end(), device) != devices.end()) return;
    if (const auto own = own_filter(device)) detach(device, *own);
  });
}

std::vector<std::uint32_t> forwarding_devices() {
  std::vector<std::uint32_t> found;
  visit_devices([&](std::uint32_t device, const std::string& name) {
    if (name != "lo" && found.size() < most_devices && forwards(name)) found.push_back(device);
  });
  return found;
}

}  // namespace vpcwall
