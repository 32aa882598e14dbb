/* What the fast path does with a packet, without the kernel around it.
 *
 * Written in what C and C++ have in common. daemon/fast_path/fast_path.bpf.c is these functions with the
 * kernel's maps; tests run the same lines in memory. Nothing here waits or loops without bound. */
#pragma once

#include "fast_path/layout.h"
#include "flow/transitions.h"

#ifdef __cplusplus
namespace vpcwall::fast_path {
using namespace transitions;
#endif

/* NOLINTBEGIN: C */

enum {
  short_header = 28, /* IPv4 with the start of TCP or UDP */
  tcp4_header = 40,
  udp6_header = 48,
  most_header = 60, /* IPv6 with TCP: nothing longer is read */
};

static inline uint32_t byte_at(const uint8_t* at) { return *at; }
static inline uint32_t big_endian_16(const uint8_t* at) { return byte_at(at) << 8 | byte_at(at + 1); }

static inline uint16_t port_at(const uint8_t* at) {
  uint16_t port;
  __builtin_memcpy(&port, at, sizeof port);
  return port;
}

static inline uint64_t word_at(const uint8_t* at) {
  uint64_t word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}

static inline uint32_t half_word_at(const uint8_t* at) {
  uint32_t word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}

/* 1 when (a, port) stands before (b, port): any total order does, as long as it is always the same. */
static inline int precedes(const uint64_t a[2], uint16_t a_port, const uint64_t b[2], uint16_t b_port) {
  if (a[0] != b[0]) return a[0] < b[0];
  if (a[1] != b[1]) return a[1] < b[1];
  return a_port < b_port;
}

/* Ends as the packet has them -> the tuple and the direction. */
static inline uint32_t order_ends(struct flow_tuple* tuple) {
  uint64_t address[2];
  uint16_t port;
  if (!precedes(tuple->second_address, tuple->second_port, tuple->first_address, tuple->first_port)) return 0;
  address[0] = tuple->first_address[0];
  address[1] = tuple->first_address[1];
  port = tuple->first_port;
  tuple->first_address[0] = tuple->second_address[0];
  tuple->first_address[1] = tuple->second_address[1];
  tuple->first_port = tuple->second_port;
  tuple->second_address[0] = address[0];
  tuple->second_address[1] = address[1];
  tuple->second_port = port;
  return 1;
}

/* Reads TCP or UDP right behind an IPv4 header without options or a plain IPv6 header. 0 for everything that
 * is longer to tell, or wrong: the daemon's parser has to look. `have` bytes of the packet stand in `header`,
 * which always has room for most_header. */
static inline int parse(const uint8_t* header, uint32_t have, uint32_t wire_length,
                        struct parsed_packet* packet) {
  struct flow_tuple* tuple = &packet->tuple;
  const uint8_t* transport;
  uint32_t total, ip_header;
  if (have < short_header) return 0;
  __builtin_memset(packet, 0, sizeof *packet);
  if (header[0] == 0x45) {
    total = big_endian_16(header + 2);
    if (total == 0) total = wire_length;              /* segmentation offload above 64 KiB */
    if (big_endian_16(header + 6) & 0x3fff) return 0; /* a fragment */
    tuple->family = 4;
    tuple->protocol = header[9];
    tuple->first_address[0] = half_word_at(header + 12);
    tuple->second_address[0] = half_word_at(header + 16);
    ip_header = 20;
    transport = header + 20;
  } else if (header[0] >> 4 == 6) {
    if (have < udp6_header) return 0;
    total = big_endian_16(header + 4);
    total = total == 0 ? wire_length : total + 40;
    tuple->family = 6;
    tuple->protocol = header[6];
    tuple->first_address[0] = word_at(header + 8);
    tuple->first_address[1] = word_at(header + 16);
    tuple->second_address[0] = word_at(header + 24);
    tuple->second_address[1] = word_at(header + 32);
    ip_header = 40;
    transport = header + 40;
  } else {
    return 0;
  }
  if (total != wire_length) return 0;
  if (tuple->protocol == 6) {
    if (have < ip_header + 20) return 0;
    uint32_t tcp_header = (byte_at(transport + 12) >> 4) * 4;
    if (tcp_header < 20 || tcp_header > total - ip_header) return 0;
    packet->tcp_flags = transport[13];
  } else if (tuple->protocol != 17 || total < ip_header + 8) {
    return 0;
  }
  tuple->first_port = port_at(transport);
  tuple->second_port = port_at(transport + 2);
  packet->length = total;
  packet->direction = order_ends(tuple);
  return 1;
}

/* `key` is volatile because the kernel's program finds a constant there that is set after it was compiled.
 *
 * NH of the key's words (Black et al., "UMAC", 1999): two different keys meet with a chance of 2^-32 for who
 * does not know `hash_key`. The last steps spread that over all bits. */
static inline uint64_t spread(uint64_t sum) {
  sum ^= sum >> 32;
  sum *= 0x9e3779b97f4a7c15ULL;
  return sum ^ sum >> 29;
}
static inline uint64_t product(uint64_t word, uint32_t low_key, uint32_t high_key) {
  return (uint64_t)((uint32_t)word + low_key) * (uint64_t)((uint32_t)(word >> 32) + high_key);
}

static inline uint64_t hash_tuple(const struct flow_tuple* tuple, const volatile uint32_t* key) {
  uint64_t ports = (uint64_t)tuple->first_port | (uint64_t)tuple->second_port << 16 |
                   (uint64_t)tuple->protocol << 32 | (uint64_t)tuple->family << 40;
  return spread(product(tuple->first_address[0], key[0], key[1]) +
                product(tuple->first_address[1], key[2], key[3]) +
                product(tuple->second_address[0], key[4], key[5]) +
                product(tuple->second_address[1], key[6], key[7]) + product(ports, key[8], key[9]));
}

static inline uint64_t hash_refusal(const struct refusal_key* refusal, const volatile uint32_t* key) {
  /* in_device and out_class are compared, not hashed: few keys differ in nothing else. */
  uint64_t rest = (uint64_t)refusal->destination_port | (uint64_t)refusal->any_source << 16 |
                  (uint64_t)refusal->protocol << 32 | (uint64_t)refusal->family << 40;
  return spread(product(refusal->source[0], key[0], key[1]) + product(refusal->source[1], key[2], key[3]) +
                product(refusal->destination[0], key[4], key[5]) +
                product(refusal->destination[1], key[6], key[7]) + product(rest, key[8], key[9]));
}

static inline uint32_t fingerprint_of(uint64_t hash) { return (uint32_t)hash | 1; } /* never 0 */
static inline uint32_t bucket_of(uint64_t hash, uint32_t mask) { return (uint32_t)(hash >> 32) & mask; }
/* Other bits than the bucket's decide, as far as there are any. */
static inline uint32_t presence_of(uint64_t hash, uint32_t mask) {
  return (uint32_t)(hash * 0xd1342543de82ef95ULL >> 32) & mask;
}

static inline int same_tuple(const struct flow_tuple* a, const struct flow_tuple* b) {
  return a->first_address[0] == b->first_address[0] && a->second_address[0] == b->second_address[0] &&
         a->first_port == b->first_port && a->second_port == b->second_port && a->protocol == b->protocol &&
         a->family == b->family && a->first_address[1] == b->first_address[1] &&
         a->second_address[1] == b->second_address[1];
}

static inline int same_refusal(const struct refusal_key* a, const struct refusal_key* b) {
  return a->source[0] == b->source[0] && a->source[1] == b->source[1] &&
         a->destination[0] == b->destination[0] && a->destination[1] == b->destination[1] &&
         a->destination_port == b->destination_port && a->protocol == b->protocol && a->family == b->family &&
         a->in_device == b->in_device && a->out_class == b->out_class && a->any_source == b->any_source;
}

/* Whether side bits `side` leave a flow alive that has been idle for `idle` nanoseconds (C-42). */
static inline int is_live(uint32_t side, const struct idle_settings* settings, int64_t idle) {
  if (!(side & side_tracked)) return 1;
  return idle < (int64_t)idle_seconds(side & side_state, settings->tcp_established, settings->udp,
                                      settings->udp_stream) *
                    1000000000LL;
}

static inline uint32_t stepped(uint32_t side, uint32_t flags, uint32_t direction) {
  if (!(side & side_tracked)) return side;
  int reply = direction == 0 ? (side & side_first_replies) != 0 : (side & side_first_replies) == 0;
  return (side & ~(uint32_t)side_state) | next_state_of(side & side_state, flags, reply);
}

/* 1: the packet passes, and all that its passing changes is written. 0: the daemon has to judge it, and
 * nothing was written. */
static inline int pass(struct flow_record* record, const struct parsed_packet* packet, uint32_t generation,
                       uint64_t now, uint32_t in_device, uint32_t out_class) {
  struct flow_direction *mine, *other;
  uint32_t state, next, first, second;
  int64_t idle;
  if (record->generation != generation || !same_tuple(&record->tuple, &packet->tuple)) return 0;
  if (packet->direction == 0) {
    mine = &record->direction[0];
    other = &record->direction[1];
  } else {
    mine = &record->direction[1];
    other = &record->direction[0];
  }
  if (!mine->passes || mine->in_device != in_device || mine->out_class != out_class) return 0;
  state = *(volatile uint32_t*)&record->state;
  if (state & VPCWALL_RETIRED) return 0;
  first = state & 0xff;
  second = state >> side_bits & 0xff;
  /* The other direction's line is read only when this one alone would make the flow look idle. */
  idle = (int64_t)(now - mine->last);
  if (!is_live(first, &record->idle[0], idle) || !is_live(second, &record->idle[1], idle)) {
    if (other->last <= mine->last) return 0;
    idle = (int64_t)(now - other->last);
    if (!is_live(first, &record->idle[0], idle) || !is_live(second, &record->idle[1], idle)) return 0;
  }
  next = stepped(first, packet->tcp_flags, packet->direction) |
         stepped(second, packet->tcp_flags, packet->direction) << side_bits;
  if (next != state && __sync_val_compare_and_swap(&record->state, state, next) != state) return 0;
  __sync_fetch_and_add(&mine->packets, 1);
  __sync_fetch_and_add(&mine->bytes, packet->length);
  if ((int64_t)(now - mine->last) > 0) mine->last = now; /* another processor may have been later */
  return 1;
}

/* The key under which a refusal of this packet would stand. */
static inline void refusal_key_of(const struct parsed_packet* packet, uint32_t in_device, uint32_t out_class,
                                  struct refusal_key* key) {
  const struct flow_tuple* tuple = &packet->tuple;
  key->source[0] = packet->direction == 0 ? tuple->first_address[0] : tuple->second_address[0];
  key->source[1] = packet->direction == 0 ? tuple->first_address[1] : tuple->second_address[1];
  key->destination[0] = packet->direction == 0 ? tuple->second_address[0] : tuple->first_address[0];
  key->destination[1] = packet->direction == 0 ? tuple->second_address[1] : tuple->first_address[1];
  key->destination_port = packet->direction == 0 ? tuple->second_port : tuple->first_port;
  key->protocol = tuple->protocol;
  key->family = tuple->family;
  key->in_device = in_device;
  key->out_class = (uint16_t)out_class;
  key->any_source = 0;
  key->zero = 0;
}

/* The same refusal for whatever source. */
static inline void widen(struct refusal_key* key) {
  key->source[0] = 0;
  key->source[1] = 0;
  key->any_source = 1;
}

static inline int is_in(const struct service_prefix* prefix, const uint64_t address[2], uint32_t family) {
  return prefix->family == family && (address[0] & prefix->mask[0]) == prefix->base[0] &&
         (address[1] & prefix->mask[1]) == prefix->base[1];
}

static inline int refuse(struct refusal_record* record, const struct refusal_key* key, uint32_t length,
                         uint32_t generation, uint64_t now) {
  if (record->generation != generation || !same_refusal(&record->key, key)) return 0;
  __sync_fetch_and_add(&record->packets, 1);
  __sync_fetch_and_add(&record->bytes, length);
  record->last = now;
  return 1;
}

/* NOLINTEND */

#ifdef __cplusplus
}  // namespace vpcwall::fast_path
#endif
