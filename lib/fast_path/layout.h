/* The memory that the daemon and the kernel's fast path share, field by field.
 *
 * Written in what C and C++ have in common: the kernel program and the daemon compile the same lines. What a
 * flow_record is for, who may write which field, and what must always hold: see fast_path.h. Numbers are in
 * the machine's byte order, addresses and ports as they stand in the packet. */
#pragma once

/* NOLINTBEGIN: C, and structures whose layout is the interface */
#include <stdint.h>

#ifdef __cplusplus
namespace vpcwall::fast_path {
#endif

enum limits {
  ways = 8,           /* places of a bucket */
  most_services = 32, /* prefixes whose packets no wildcard refusal answers */
  hash_words = 10,
  presence_chunk_size = 64, /* cells of the presence filter stand in pieces of a cache line */
};

/* control.generation while nothing may be answered from here; no record bears it. */
#define VPCWALL_NOTHING_VALID 0xffffffffU

/* A flow, the same from both directions: the lower end stands first. */
struct flow_tuple {
  uint64_t first_address[2], second_address[2];
  uint16_t first_port, second_port;
  uint8_t protocol, family; /* 4 or 6 */
  uint16_t zero;
};

/* The three idle times that an interface may set, in seconds. */
struct idle_settings {
  uint32_t tcp_established;
  uint8_t udp, udp_stream;
  uint16_t zero;
};

/* What one direction of a flow needs to pass, and what passed: a cache line of its own. */
struct flow_direction {
  uint64_t packets, bytes;
  uint64_t last;      /* nanoseconds since boot */
  uint32_t in_device; /* where its packets come from */
  uint16_t out_class; /* where they go: see device classes */
  uint8_t passes;     /* whether every gate accepts this direction */
  /* Of the side with this number, for a process that finds the record after its owner was killed: */
  uint8_t side_first_is_local; /* whose side the first end is on */
  uint64_t side_interface;     /* a digest of the interface's id */
  uint64_t side_opened;        /* nanoseconds since boot */
  uint8_t zero[16];
} __attribute__((aligned(64)));

/* The bits of flow_record.state for side `s` (0 or 1), shifted by side_bits * s; the other bits are 0. */
enum side {
  side_state = 0x0f,         /* of transitions.h */
  side_tracked = 0x10,       /* there is a flow at this side */
  side_first_replies = 0x20, /* what the first end sends is the reply direction */
  side_bits = 8,
};
#define VPCWALL_RETIRED 0x80000000U

struct flow_record {
  struct flow_tuple tuple;
  uint32_t generation;
  uint32_t state;
  struct idle_settings idle[2];       /* by side */
  struct flow_direction direction[2]; /* 0: the first end sends */
} __attribute__((aligned(64)));

/* What a refusal depends on: never the source port, and the source address only if some rule asks for it. */
struct refusal_key {
  uint64_t source[2]; /* 0 if any */
  uint64_t destination[2];
  uint16_t destination_port;
  uint8_t protocol, family;
  uint32_t in_device;
  uint16_t out_class;
  uint16_t any_source;
  uint32_t zero;
};

struct refusal_record {
  struct refusal_key key;
  uint32_t generation;
  uint32_t zero;
  uint64_t packets, bytes, last;
} __attribute__((aligned(64)));

/* Which records may be meant: one word of the hash for each place, 0 for none. */
struct bucket {
  uint32_t fingerprint[ways];
};

struct service_prefix {
  uint64_t base[2], mask[2];
  uint32_t family;
  uint32_t zero;
};

struct control {
  uint32_t generation;
  uint32_t clock_stands; /* for tests: `clock` is the time */
  uint64_t clock;
  uint32_t service_count;
  uint32_t zero;
  struct service_prefix services[most_services];
};

/* What the kernel program and the daemon read from a packet. */
struct parsed_packet {
  struct flow_tuple tuple;
  uint32_t direction; /* 0: the first end sends */
  uint32_t length;    /* bytes from the IP header on */
  uint32_t tcp_flags;
};

#ifdef __cplusplus
static_assert(sizeof(flow_tuple) == 40 && sizeof(flow_direction) == 64 && sizeof(flow_record) == 192);
static_assert(sizeof(refusal_key) == 48 && sizeof(refusal_record) == 128 && sizeof(bucket) == 32);
#else
_Static_assert(sizeof(struct flow_record) == 192 && sizeof(struct refusal_record) == 128, "layout");
#endif

#ifdef __cplusplus
}  // namespace vpcwall::fast_path
#endif
/* NOLINTEND */
