/* What the programs at the devices do with a packet that arrives, before the kernel has looked at it.
 *
 * Much can still happen to it on its way to the hook rules, and nobody knows yet by which device it leaves.
 * So the programs only say what the rules will do with it, in the bits of the packet mark that are theirs
 * (answer_mark), and:
 *
 *  1. An answer names the device class that its record demands. The rules heed it only for a packet that
 *     leaves by a device of that class, and that came by a device with a program (daemon/hooks/nft_hooks.h).
 *     A packet that they do not heed it for goes to the queue with its answer; there the count is taken back
 *     before it is judged (CachedFlows::take_back, CachedRefusals::take_back). So it is counted exactly once.
 *  2. Only packets that move no state are answered: a packet that others drop on its way must not end a flow.
 *     What such a packet has done is to count and to keep its flow from being idle. That is the difference
 *     to the programs that rules consult: those count what reaches the hook, these what arrives.
 *  3. What the kernel itself would drop before the hook is not answered: a header that is wrong or cut, a hop
 *     limit that ends here, a frame for somebody else.
 *  4. Every packet leaves with the bits set by its program, or 0: a mark from elsewhere says nothing.
 *  5. Address translation would make the tuple another one at the hook: not used where there is any.
 *
 * Written in what C and C++ have in common, as program.h is. */
#pragma once

#include "fast_path/program.h"

#ifdef __cplusplus
namespace vpcwall::fast_path {
#endif

/* NOLINTBEGIN: C */

/* RFC 1071, over a header without options. */
static inline int has_good_checksum(const uint8_t* header) {
  uint32_t sum = 0;
  for (int i = 0; i < 20; i += 2) sum += big_endian_16(header + i);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

/* As parse(), of a packet that may still have a link's padding behind it: `have` bytes of the `available`
 * ones stand in `header`. 0 also for what would not get as far as the hook. */
static inline int parse_arriving(const uint8_t* header, uint32_t have, uint32_t available,
                                 struct parsed_packet* packet) {
  uint32_t total;
  if (have < short_header) return 0;
  if (header[0] == 0x45) {
    if (header[8] <= 1 || !has_good_checksum(header)) return 0;
    total = big_endian_16(header + 2);
  } else {
    if (header[7] <= 1) return 0;
    total = big_endian_16(header + 4);
    if (total != 0) total += 40;
  }
  if (total > available) return 0;
  if (total == 0) total = available; /* segmentation offload above 64 KiB */
  return parse(header, have < total ? have : total, total, packet);
}

/* NOLINTEND */

#ifdef __cplusplus
}  // namespace vpcwall::fast_path
#endif
