// A queue of the kernel that drops whatever is sent to it, without a word to the sender.
//
// It is bound so that no other program gets the packets, and never told to copy any: then the kernel drops
// each at once. While no process holds it, it drops as well. The constructor throws std::system_error when
// another process has it.
#pragma once

#include <cstdint>

#include "daemon/hooks/netfilter_socket.h"

namespace vpcwall {

class RefusalQueue {
 public:
  explicit RefusalQueue(std::uint16_t number);

 private:
  NetfilterSocket socket_;
};

}  // namespace vpcwall
