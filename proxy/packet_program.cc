#include "proxy/packet_program.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace faultline {

namespace {

using Word = std::uint32_t;

constexpr Word kPass = 0xffffffff;  // How much of the segment is kept: all.
constexpr Word kDrop = 0;

/// Where the fields of the IP header are (RFC 791, RFC 8200).
constexpr Word kVersion = static_cast<Word>(SKF_NET_OFF);  // The upper half of this byte.
constexpr Word kIpv4Source = kVersion + 12;
constexpr Word kIpv6Source = kVersion + 8;
constexpr Word kIpv6HeaderBytes = 40;

/// 32 random bits, each time it is loaded (bpf_user_rnd_u32()).
constexpr Word kRandom = static_cast<Word>(SKF_AD_OFF + SKF_AD_RANDOM);

/// Writes a program, front to back.
///
/// A conditional jump reaches 255 instructions, too few for a list of
/// prefixes. So conditions skip the next few at most, and what is far is gone
/// to by BPF_JA, whose offset has 32 bits.
class Assembler {
 public:
  /// A place further down, as the list of those who jump there.
  using Mark = std::vector<std::size_t>;

  void add(int code, Word k) { put(code, k, 0, 0); }
  void return_with(Word kept) { add(BPF_RET | BPF_K, kept); }

  /// Skips the next `count` instructions if A compares to `k` as said.
  void skip_if(int comparison, Word k, std::size_t count) {
    put(BPF_JMP | comparison, k, count, 0);
  }
  /// Skips them if it does not.
  void skip_unless(int comparison, Word k, std::size_t count) {
    put(BPF_JMP | comparison, k, 0, count);
  }

  void jump_to(Mark& mark) {
    mark.push_back(program_.size());
    add(BPF_JMP | BPF_JA, 0);
  }
  void set(const Mark& mark) {
    for (const std::size_t from : mark) {
      program_[from].k = static_cast<Word>(program_.size() - from - 1);
    }
  }

  std::vector<sock_filter> take() { return std::move(program_); }

 private:
  void put(int code, Word k, std::size_t if_true, std::size_t if_false) {
    program_.push_back({.code = static_cast<std::uint16_t>(code),
                        .jt = static_cast<std::uint8_t>(if_true),
                        .jf = static_cast<std::uint8_t>(if_false),
                        .k = k});
  }

  std::vector<sock_filter> program_;
};

void load_ip_version(Assembler& code) {
  code.add(BPF_LD | BPF_B | BPF_ABS, kVersion);
  code.add(BPF_ALU | BPF_RSH | BPF_K, 4);
}

/// Goes to `inside` if the source address, which is in M[0] and so on, is in `prefix`.
void test_prefix(Assembler& code, const IpPrefix& prefix, Assembler::Mark& inside) {
  struct Test {
    Word word;  // Which.
    Word mask;
    Word value;
    std::size_t instructions() const { return ~mask == 0 ? 2 : 3; }
  };
  std::vector<Test> tests;
  std::size_t left = 1;  // How many instructions still come: the jump, and the tests.
  for (Word i = 0; 32 * i < prefix.bits(); ++i) {
    const unsigned fixed = std::min(prefix.bits() - 32 * i, 32U);
    Word value = 0;
    for (Word byte = 4 * i; byte < 4 * i + 4; ++byte) value = value << 8U | prefix.bytes()[byte];
    tests.push_back({i, ~Word{0} << (32 - fixed), value});
    left += tests.back().instructions();
  }
  for (const Test& test : tests) {
    left -= test.instructions();
    code.add(BPF_LD | BPF_MEM, test.word);
    if (~test.mask != 0) code.add(BPF_ALU | BPF_AND | BPF_K, test.mask);
    code.skip_unless(BPF_JEQ, test.value, left);
  }
  code.jump_to(inside);
}

/// Goes to `inside` if the packet is of `family` and comes from one of `prefixes`.
void test_sources(Assembler& code, IpPrefix::Family family, const std::vector<IpPrefix>& prefixes,
                  Assembler::Mark& inside) {
  const auto is_of_family = [family](const IpPrefix& prefix) { return prefix.family() == family; };
  if (std::none_of(prefixes.begin(), prefixes.end(), is_of_family)) return;
  const bool is_ipv4 = family == IpPrefix::Family::kIpv4;
  Assembler::Mark end;
  load_ip_version(code);
  code.skip_if(BPF_JEQ, is_ipv4 ? 4 : 6, 1);
  code.jump_to(end);
  for (Word word = 0; word < (is_ipv4 ? 1 : 4); ++word) {
    code.add(BPF_LD | BPF_W | BPF_ABS, (is_ipv4 ? kIpv4Source : kIpv6Source) + 4 * word);
    code.add(BPF_ST, word);
  }
  for (const IpPrefix& prefix : prefixes) {
    if (is_of_family(prefix)) test_prefix(code, prefix, inside);
  }
  code.set(end);
}

/// Drops by chance. All of 32 random bits count: the share is exact to 2^-33.
void lose(Assembler& code, double share) {
  constexpr double kAll = 0x1p32;
  const double threshold = std::clamp(std::round(share * kAll), 1.0, kAll - 1);
  code.add(BPF_LD | BPF_W | BPF_ABS, kRandom);
  code.skip_if(BPF_JGE, static_cast<Word>(threshold), 1);
  code.return_with(kDrop);
}

/// BPF_LEN counts from the TCP header on (skb->len; tcp_v4_rcv() has pulled what
/// is before it). An IPv4 header says how long it is; of IPv6 the fixed one counts.
void drop_longer(Assembler& code, Word bytes) {
  code.add(BPF_LDX | BPF_B | BPF_MSH, kVersion);  // X = 4 * the lower half of the byte.
  load_ip_version(code);
  code.skip_unless(BPF_JEQ, 6, 1);
  code.add(BPF_LDX | BPF_IMM, kIpv6HeaderBytes);
  code.add(BPF_LD | BPF_W | BPF_LEN, 0);
  code.add(BPF_ALU | BPF_ADD | BPF_X, 0);
  code.skip_unless(BPF_JGT, bytes, 1);
  code.return_with(kDrop);
}

void add_rule(Assembler& code, const PacketRule& rule) {
  if (rule.is_empty()) return;
  Assembler::Mark end;
  test_sources(code, IpPrefix::Family::kIpv4, rule.spared, end);
  test_sources(code, IpPrefix::Family::kIpv6, rule.spared, end);
  if (!rule.sources.empty()) {
    Assembler::Mark inside;
    test_sources(code, IpPrefix::Family::kIpv4, rule.sources, inside);
    test_sources(code, IpPrefix::Family::kIpv6, rule.sources, inside);
    code.jump_to(end);
    code.set(inside);
  }
  if (rule.drop_all || rule.loss >= 1) {
    code.return_with(kDrop);
  } else {
    if (rule.loss > 0) lose(code, rule.loss);
    const bool can_be_longer = rule.longer_than <= std::numeric_limits<Word>::max();
    if (rule.longer_than > 0 && can_be_longer) {
      drop_longer(code, static_cast<Word>(rule.longer_than));
    }
  }
  code.set(end);
}

}  // namespace

Result<PacketProgram> PacketProgram::build(const PacketRules& rules) {
  PacketProgram program;
  if (are_empty(rules)) return program;
  Assembler code;
  for (const PacketRule& rule : rules) add_rule(code, rule);
  code.return_with(kPass);
  program.instructions_ = code.take();
  if (program.instructions_.size() <= BPF_MAXINSNS) return program;

  std::size_t prefixes = 0;
  for (const PacketRule& rule : rules) prefixes += rule.sources.size() + rule.spared.size();
  return fail(ErrorKind::kInvalid,
              "too many sources for a packet filter: " + std::to_string(prefixes) +
                  " prefixes take " + std::to_string(program.instructions_.size()) +
                  " instructions, and the kernel allows " + std::to_string(BPF_MAXINSNS));
}

}  // namespace faultline
