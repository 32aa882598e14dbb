// Datagrams put together from their fragments, as the kernel does it before any gate (C-64): by ranges only,
// without bytes.
//
// All fragments of a datagram share its verdict, so nothing can be said of one until the last has come. A
// datagram that is not complete in time is dropped: 30 s after its first fragment for IPv4, 60 s for IPv6.
// Fragments that overlap end it at once. One thread; at most `max_datagrams` are held, the oldest goes first.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace vpcwall {

struct DatagramKey {
  IpAddress source, destination;
  std::uint32_t identification = 0;
  friend auto operator<=>(const DatagramKey&, const DatagramKey&) = default;
};

enum class Reassembly : std::uint8_t { complete, held, refused };

class Reassembler {
 public:
  static constexpr std::size_t max_datagrams = 4096;

  // Payload bytes [first, last) of a datagram of `length` payload bytes arrive at `at`, which must not
  // decrease.
  Reassembly add(const DatagramKey& key, std::uint32_t first, std::uint32_t last, std::uint32_t length,
                 Duration at);

 private:
  struct Datagram {
    Duration begun{};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  };
  std::map<DatagramKey, Datagram> held_;
};

}  // namespace vpcwall
