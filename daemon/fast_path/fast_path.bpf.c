/* The fast path in the kernel: two programs that the hook rules consult just before the queue.
 *
 *   pass_packet     1: this packet's like was judged and passes; the rule accepts it
 *   refuse_packet   1: this packet's like was judged and is refused; the rule drops it
 *
 * What they do is lib/fast_path/program.h; here is only where the memory comes from. Packets start at the IP
 * header. Everything that is not answered goes to the queue. */
#include <linux/bpf.h>
/* linux/bpf.h first: the helpers need its types */
#include <bpf/bpf_helpers.h>

#include "fast_path/program.h"

struct presence_chunk {
  __u8 cells[presence_chunk_size];
};

#define MAPPED_ARRAY(map_name, value_type) \
  struct {                                 \
    __uint(type, BPF_MAP_TYPE_ARRAY);      \
    __uint(map_flags, BPF_F_MMAPABLE);     \
    __uint(max_entries, 1);                \
    __type(key, __u32);                    \
    __type(value, struct value_type);      \
  } map_name SEC(".maps")

/* The daemon sets the sizes before it loads this, and maps all of them. */
MAPPED_ARRAY(controls, control);
MAPPED_ARRAY(flow_buckets, bucket);
MAPPED_ARRAY(flows, flow_record);
MAPPED_ARRAY(refusal_buckets, bucket);
MAPPED_ARRAY(refusals, refusal_record);
MAPPED_ARRAY(presence, presence_chunk);

/* Constants to the verifier, set before loading. */
const volatile __u32 flow_bucket_mask, refusal_bucket_mask, presence_mask;
const volatile __u32 hash_key[hash_words];
const volatile __u32 out_class;

static __always_inline int read_packet(struct __sk_buff* skb, struct parsed_packet* packet) {
  __u8 header[most_header] = {0};
  __u32 length = skb->len, have;
  if (length >= most_header)
    have = most_header;
  else if (length >= udp6_header)
    have = udp6_header;
  else if (length >= tcp4_header)
    have = tcp4_header;
  else
    have = short_header;
  if (length < short_header) return 0;
  /* One call for each length: the verifier wants a number. */
  if (have == most_header   ? bpf_skb_load_bytes(skb, 0, header, most_header)
      : have == udp6_header ? bpf_skb_load_bytes(skb, 0, header, udp6_header)
      : have == tcp4_header ? bpf_skb_load_bytes(skb, 0, header, tcp4_header)
                            : bpf_skb_load_bytes(skb, 0, header, short_header))
    return 0;
  return parse(header, have, length, packet);
}

static __always_inline struct control* the_control(void) {
  __u32 zero = 0;
  return bpf_map_lookup_elem(&controls, &zero);
}

static __always_inline __u64 time_now(const struct control* control) {
  return *(volatile const __u32*)&control->clock_stands ? control->clock : bpf_ktime_get_boot_ns();
}

SEC("socket")
int pass_packet(struct __sk_buff* skb) {
  struct parsed_packet packet;
  if (!read_packet(skb, &packet)) return 0;
  if (packet.tuple.protocol == 6 && opens_tcp(packet.tcp_flags)) return 0;
  struct control* control = the_control();
  if (!control) return 0;
  __u64 hash = hash_tuple(&packet.tuple, hash_key);
  __u32 index = bucket_of(hash, flow_bucket_mask);
  struct bucket* bucket = bpf_map_lookup_elem(&flow_buckets, &index);
  if (!bucket) return 0;
  __u32 generation = *(volatile __u32*)&control->generation;
  struct flow_record* found = 0;
  for (__u32 way = 0; way < ways; ++way) {
    if (bucket->fingerprint[way] != fingerprint_of(hash)) continue;
    __u32 place = index * ways + way;
    struct flow_record* record = bpf_map_lookup_elem(&flows, &place);
    if (!record || record->generation != generation) continue;
    found = record;
    break;
  }
  /* Two flows with one fingerprint in one bucket: the second one takes the way through the queue. */
  return found && pass(found, &packet, generation, time_now(control), skb->ifindex, out_class);
}

/* Not static, so that the verifier looks at it once, whoever calls. */
__attribute__((noinline)) int look_up_refusal(const struct refusal_key* key, __u32 length, __u32 generation,
                                              __u64 now) {
  if (!key) return 0;
  __u64 hash = hash_refusal(key, hash_key);
  __u32 index = bucket_of(hash, refusal_bucket_mask);
  struct bucket* bucket = bpf_map_lookup_elem(&refusal_buckets, &index);
  if (!bucket) return 0;
  struct refusal_record* found = 0;
  for (__u32 way = 0; way < ways; ++way) {
    if (bucket->fingerprint[way] != fingerprint_of(hash)) continue;
    __u32 place = index * ways + way;
    struct refusal_record* record = bpf_map_lookup_elem(&refusals, &place);
    if (!record || record->generation != generation) continue;
    found = record;
    break;
  }
  return found && refuse(found, key, length, generation, now);
}

SEC("socket")
int refuse_packet(struct __sk_buff* skb) {
  struct parsed_packet packet;
  struct refusal_key key;
  if (!read_packet(skb, &packet)) return 0;
  struct control* control = the_control();
  if (!control) return 0;
  __u32 cell = presence_of(hash_tuple(&packet.tuple, hash_key), presence_mask);
  __u32 chunk_index = cell / presence_chunk_size;
  struct presence_chunk* chunk = bpf_map_lookup_elem(&presence, &chunk_index);
  if (!chunk || chunk->cells[cell % presence_chunk_size]) return 0;
  __u32 generation = *(volatile __u32*)&control->generation;
  __u64 now = time_now(control);
  refusal_key_of(&packet, skb->ifindex, out_class, &key);
  if (look_up_refusal(&key, packet.length, generation, now)) return 1;
  for (__u32 i = 0; i < most_services && i < control->service_count; ++i)
    if (is_in(&control->services[i], key.source, key.family)) return 0;
  /* They change only while no generation is valid: what was read belongs to this one if it still is. */
  if (*(volatile __u32*)&control->generation != generation) return 0;
  widen(&key);
  return look_up_refusal(&key, packet.length, generation, now);
}

char _license[] SEC("license") = "GPL";
