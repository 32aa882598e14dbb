// One program of ours at the ingress of a device: the filter of tc that carries it, put there and taken away.
//
// For back ends whose rules cannot consult a program: the fast path then looks at packets where they arrive
// (lib/fast_path/arrival.h). Only our own filter is touched, known by its handle and the last priority there
// is: what others do to a packet at its device they have done before. A clsact qdisc that is not there is
// made, and taken away again with our filter if we made it and it holds nothing else; the handle tells, so
// that also the next process knows.
//
// Filters outlive the process, and go with their device. In the calling thread's network namespace; needs
// CAP_NET_ADMIN, and before Linux 5.19 CAP_BPF too. The control thread only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vpcwall {

struct IngressProgram {
  int ethernet = -1;  // descriptors of the program for devices with an Ethernet header...
  int bare = -1;      // ... and for those whose packets start at the IP header

  friend bool operator==(const IngressProgram&, const IngressProgram&) = default;
};

// Puts the program at each of these devices, in the place of an earlier one. Returns where that was possible:
// not at a device that is gone, or of a kind that is neither. Throws std::runtime_error when it was nowhere,
// and then nothing is left.
std::vector<std::uint32_t> attach_at_ingress(const std::vector<std::uint32_t>& devices,
                                             const IngressProgram& program);

// Takes what an attach_at_ingress() of any process has put at other devices than these.
void detach_from_ingress_but(const std::vector<std::uint32_t>& devices);

// The devices of this namespace that forward IPv4 or IPv6, without the loopback device; at most 1024.
[[nodiscard]] std::vector<std::uint32_t> forwarding_devices();

}  // namespace vpcwall
