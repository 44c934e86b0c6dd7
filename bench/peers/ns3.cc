/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ns3.cc - the runs of ours.c by ns-3: one file over TCP between two nodes, each run a line on standard input, each
 * answered by a row of CSV. Segments of 1,448 bytes, initial window 10, SACK and timestamps, a delayed ACK after two
 * segments or 40 ms, least retransmission timeout 1 s, the first one too; no pacing, no ECN, recovery without PRR.
 */
#include <ns3/applications-module.h>
#include <ns3/core-module.h>
#include <ns3/internet-module.h>
#include <ns3/network-module.h>
#include <ns3/point-to-point-module.h>
#include <ns3/traffic-control-module.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <unordered_set>

using namespace ns3;

namespace
{

constexpr uint16_t port = 7394;

/* A line of the plan. */
struct Run {
    std::string set;
    uint64_t size = 0;
    uint64_t rate_bps = 0;
    int64_t rtt_ns = 0;
    double loss = 0;
    uint64_t trial = 0;
    std::unordered_set<uint64_t> lost; /* places of the packets that the link loses, from 1 */
};

/*
 * hopsim's rules for the window in ns-3's TCP, so that what differs in the rules can be told from what differs in the
 * rest: acknowledged bytes are counted (RFC 3465 with L = 2 segments, 1 after a timeout; RFC 5681 section 3.1), half
 * of the FlightSize remains after a loss (RFC 6675 section 5), and the ACK that ends a recovery opens nothing.
 */
class TcpByBytes : public TcpNewReno
{
  public:
    static TypeId GetTypeId()
    {
        static TypeId type = TypeId("TcpByBytes").SetParent<TcpNewReno>().AddConstructor<TcpByBytes>();

        return type;
    }

    std::string GetName() const override
    {
        return "TcpByBytes";
    }

    void IncreaseWindow(Ptr<TcpSocketState> tcb, uint32_t segments) override
    {
        uint32_t limit = state == TcpSocketState::CA_LOSS ? 1 : 2;

        if (is_leaving) {
            is_leaving = false;
            return;
        }
        if (tcb->m_cWnd < tcb->m_ssThresh) {
            tcb->m_cWnd += std::min(segments, limit) * tcb->m_segmentSize;
            return;
        }
        counted += segments * tcb->m_segmentSize;
        if (counted >= tcb->m_cWnd) {
            counted -= tcb->m_cWnd;
            tcb->m_cWnd += tcb->m_segmentSize;
        }
    }

    uint32_t GetSsThresh(Ptr<const TcpSocketState> tcb, uint32_t) override
    {
        uint32_t flight = tcb->m_highTxMark.Get() - tcb->m_lastAckedSeq;

        return std::max(2 * tcb->m_segmentSize, std::min(flight, tcb->m_cWnd.Get()) / 2);
    }

    void CongestionStateSet(Ptr<TcpSocketState>, TcpSocketState::TcpCongState_t next) override
    {
        is_leaving = state == TcpSocketState::CA_RECOVERY && next == TcpSocketState::CA_OPEN;
        if (next == TcpSocketState::CA_RECOVERY || next == TcpSocketState::CA_LOSS)
            counted = 0;
        state = next;
    }

    Ptr<TcpCongestionOps> Fork() override
    {
        return CopyObject<TcpByBytes>(this);
    }

  private:
    TcpSocketState::TcpCongState_t state = TcpSocketState::CA_OPEN;
    bool is_leaving = false;
    uint32_t counted = 0; /* acknowledged bytes toward the next segment */
};

/*
 * hopsim's CUBIC in ns-3's TCP: RFC 9438 with its region that follows Reno, which ns-3 3.37 lacks, windows with shares
 * of a segment, where ns-3 rounds, and HyStart with Linux's numbers.
 */
class TcpByRfc9438 : public TcpNewReno
{
  public:
    static TypeId GetTypeId()
    {
        static TypeId type = TypeId("TcpByRfc9438").SetParent<TcpNewReno>().AddConstructor<TcpByRfc9438>();

        return type;
    }

    std::string GetName() const override
    {
        return "TcpByRfc9438";
    }

    void PktsAcked(Ptr<TcpSocketState> tcb, uint32_t, const Time &rtt) override
    {
        double now = Simulator::Now().GetSeconds(), delay = rtt.GetSeconds();

        srtt = srtt == 0 ? delay : srtt + (delay - srtt) / 8;
        if (epoch >= 0 && now - epoch < 1)
            return;
        delay_min = std::min(delay_min, delay);
        if (has_left || tcb->m_cWnd >= tcb->m_ssThresh)
            return;
        if (!has_round || tcb->m_lastAckedSeq > round_end) {
            has_round = true;
            round_start = train = now;
            round_end = tcb->m_nextTxSequence;
            round_delay = 1e9;
            samples = 0;
        }
        if (tcb->m_cWnd < 16 * tcb->m_segmentSize)
            return;
        if (now - train <= 0.002) {
            train = now;
            has_left = now - round_start > (delay_min + 0.001) / 2;
        }
        round_delay = std::min(round_delay, delay);
        if (samples < 8)
            samples++;
        else if (round_delay > delay_min + std::min(std::max(delay_min / 8, 0.004), 0.016))
            has_left = true;
        if (has_left)
            tcb->m_ssThresh = tcb->m_cWnd;
    }

    void IncreaseWindow(Ptr<TcpSocketState> tcb, uint32_t acked) override
    {
        uint32_t limit = state == TcpSocketState::CA_LOSS ? 1 : 2;

        if (is_leaving) {
            is_leaving = false;
            return;
        }
        if (tcb->m_cWnd < tcb->m_ssThresh) {
            tcb->m_cWnd += std::min(acked, limit) * tcb->m_segmentSize;
            return;
        }
        double now = Simulator::Now().GetSeconds();
        double window = (tcb->m_cWnd + rest) / tcb->m_segmentSize;

        if (epoch < 0) {
            epoch = now;
            w_est = window;
            origin = std::max(w_max, window);
            k = std::cbrt((origin - window) / 0.4);
        }
        w_est += (w_est < before ? 9.0 / 17 : 1) * acked / window;
        double target = std::min(std::max(curve(now + srtt), window), 1.5 * window);
        double grown = window + (target - window) * acked / window;

        if (w_max <= 0)
            grown = std::max(grown, window + acked / 20.0);
        if (curve(now) < w_est)
            grown = std::max(grown, w_est);
        tcb->m_cWnd = (uint32_t)(grown * tcb->m_segmentSize);
        rest = grown * tcb->m_segmentSize - tcb->m_cWnd;
    }

    uint32_t GetSsThresh(Ptr<const TcpSocketState> tcb, uint32_t) override
    {
        uint32_t flight = tcb->m_highTxMark.Get() - tcb->m_lastAckedSeq;
        double window = (double)tcb->m_cWnd / tcb->m_segmentSize;

        w_max = window < w_max ? window * 1.7 / 2 : window;
        before = window;
        epoch = -1;
        rest = 0;
        return std::max(2 * tcb->m_segmentSize, (uint32_t)(0.7 * std::min(flight, tcb->m_cWnd.Get())));
    }

    void CongestionStateSet(Ptr<TcpSocketState>, TcpSocketState::TcpCongState_t next) override
    {
        is_leaving = state == TcpSocketState::CA_RECOVERY && next == TcpSocketState::CA_OPEN;
        state = next;
        if (next != TcpSocketState::CA_LOSS)
            return;
        w_max = 0;
        epoch = -1;
        delay_min = 1e9;
        has_left = has_round = false;
    }

    Ptr<TcpCongestionOps> Fork() override
    {
        return CopyObject<TcpByRfc9438>(this);
    }

  private:
    double curve(double at) const
    {
        return origin + 0.4 * std::pow(at - epoch - k, 3);
    }

    TcpSocketState::TcpCongState_t state = TcpSocketState::CA_OPEN;
    bool is_leaving = false;
    double epoch = -1, k = 0, origin = 0, w_max = 0, w_est = 0, before = 0, rest = 0, srtt = 0; /* s, segments */
    bool has_left = false, has_round = false;
    uint32_t samples = 0;
    double delay_min = 1e9, round_delay = 0, round_start = 0, train = 0;
    SequenceNumber32 round_end{0};
};

/* A new congestion control is a row. */
struct Set {
    const char *name;
    TypeId (*type)();
};

const Set sets[] = {
    {"newreno", TcpNewReno::GetTypeId}, {"linux-reno", TcpLinuxReno::GetTypeId}, {"by-bytes", TcpByBytes::GetTypeId},
    {"cubic", TcpCubic::GetTypeId},     {"cubic-rfc", TcpByRfc9438::GetTypeId},
};

/* Loses the packets of the plan. Nothing is lost in the queue, so packets come here in the order in which they enter
 * the link. */
class PlannedLoss : public ErrorModel
{
  public:
    static TypeId GetTypeId()
    {
        static TypeId type = TypeId("PlannedLoss").SetParent<ErrorModel>().AddConstructor<PlannedLoss>();

        return type;
    }

    const Run *run = nullptr;
    uint64_t packets = 0;
    uint64_t dropped = 0;

  private:
    bool DoCorrupt(Ptr<Packet>) override
    {
        bool is_lost = run->lost.count(++packets) > 0;

        /* As far as the plan reaches, see ours.c. */
        NS_ABORT_IF(run->loss > 0 && packets > 4 * (run->size / 1448) + 1000);
        dropped += is_lost;
        return is_lost;
    }

    void DoReset() override
    {
        packets = dropped = 0;
    }
};

struct Receiver {
    uint64_t size = 0;
    uint64_t received = 0;
    int64_t finished_ns = -1;

    void take(Ptr<const Packet> packet, const Address &)
    {
        received += packet->GetSize();
        if (received < size)
            return;
        finished_ns = Simulator::Now().GetNanoSeconds();
        Simulator::Stop();
    }
};

void configure()
{
    constexpr uint32_t buffer = 16 << 20;

    Config::SetDefault("ns3::TcpSocket::SegmentSize", UintegerValue(1448));
    Config::SetDefault("ns3::TcpSocket::InitialCwnd", UintegerValue(10));
    Config::SetDefault("ns3::TcpSocket::SndBufSize", UintegerValue(buffer));
    Config::SetDefault("ns3::TcpSocket::RcvBufSize", UintegerValue(buffer));
    Config::SetDefault("ns3::TcpSocket::DelAckCount", UintegerValue(2));
    Config::SetDefault("ns3::TcpSocket::DelAckTimeout", TimeValue(MilliSeconds(40)));
    Config::SetDefault("ns3::TcpSocket::ConnTimeout", TimeValue(Seconds(1)));
    Config::SetDefault("ns3::TcpSocket::DataRetries", UintegerValue(15));
    Config::SetDefault("ns3::TcpSocketBase::MinRto", TimeValue(Seconds(1)));
    Config::SetDefault("ns3::TcpSocketBase::ClockGranularity", TimeValue(MilliSeconds(1)));
    Config::SetDefault("ns3::TcpSocketBase::Timestamp", BooleanValue(true));
    Config::SetDefault("ns3::TcpSocketBase::WindowScaling", BooleanValue(true));
    Config::SetDefault("ns3::TcpSocketBase::Sack", BooleanValue(true));
    Config::SetDefault("ns3::TcpSocketBase::LimitedTransmit", BooleanValue(true));
    Config::SetDefault("ns3::TcpSocketBase::UseEcn", EnumValue(TcpSocketState::Off));
    Config::SetDefault("ns3::TcpSocketState::EnablePacing", BooleanValue(false));
    Config::SetDefault("ns3::TcpCubic::HyStart", BooleanValue(true));
    Config::SetDefault("ns3::TcpL4Protocol::RecoveryType", TypeIdValue(TcpClassicRecovery::GetTypeId()));
}

bool choose(const std::string &name)
{
    for (const Set &set : sets)
        if (name == set.name) {
            Config::SetDefault("ns3::TcpL4Protocol::SocketType", TypeIdValue(set.type()));
            return true;
        }
    return false;
}

/* Two nodes, and no queue but the device's, which never drops. */
NetDeviceContainer join(const NodeContainer &nodes, const Run &run)
{
    PointToPointHelper link;

    link.SetDeviceAttribute("DataRate", DataRateValue(DataRate(run.rate_bps)));
    link.SetChannelAttribute("Delay", TimeValue(NanoSeconds(run.rtt_ns / 2)));
    link.SetQueue("ns3::DropTailQueue<Packet>", "MaxSize", StringValue("1000000p"));
    NetDeviceContainer devices = link.Install(nodes);

    InternetStackHelper().Install(nodes);
    Ipv4AddressHelper("10.0.0.0", "255.255.255.0").Assign(devices);
    TrafficControlHelper().Uninstall(devices);
    return devices;
}

void carry(const Run &run, const char *pcap)
{
    auto start = std::chrono::steady_clock::now();
    NodeContainer nodes(2);
    NetDeviceContainer devices = join(nodes, run);
    Ptr<PlannedLoss> loss = CreateObject<PlannedLoss>();
    Receiver receiver;

    loss->run = &run;
    DynamicCast<PointToPointNetDevice>(devices.Get(1))->SetReceiveErrorModel(loss);
    receiver.size = run.size;

    PacketSinkHelper sinks("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address::GetAny(), port));
    ApplicationContainer sink = sinks.Install(nodes.Get(1));
    sink.Get(0)->TraceConnectWithoutContext("Rx", MakeCallback(&Receiver::take, &receiver));

    BulkSendHelper sources("ns3::TcpSocketFactory", InetSocketAddress(Ipv4Address("10.0.0.2"), port));
    sources.SetAttribute("MaxBytes", UintegerValue(run.size));
    sources.SetAttribute("SendSize", UintegerValue(64 << 10));
    sources.Install(nodes.Get(0));

    if (pcap)
        PointToPointHelper().EnablePcap(pcap, devices.Get(0), true, true);
    Simulator::Run();
    NS_ABORT_IF(receiver.finished_ns < 0);
    uint64_t queue_drops = 0;

    for (uint32_t i = 0; i < 2; i++)
        queue_drops += DynamicCast<PointToPointNetDevice>(devices.Get(i))->GetQueue()->GetTotalDroppedPackets();
    NS_ABORT_IF(queue_drops > 0);
    Simulator::Destroy();
    Ipv4AddressGenerator::Reset();
    std::chrono::nanoseconds wall = std::chrono::steady_clock::now() - start;

    std::printf("ns-3,%s,%ju,%ju,%jd,%g,%ju,%jd,%ju,%ju,%jd\n", run.set.c_str(), (uintmax_t)run.size,
                (uintmax_t)run.rate_bps, (intmax_t)run.rtt_ns, run.loss, (uintmax_t)run.trial,
                (intmax_t)receiver.finished_ns, (uintmax_t)loss->packets, (uintmax_t)loss->dropped,
                (intmax_t)wall.count());
}

} // namespace

/* With an argument, the packets at the sender go into a capture of that name. */
int main(int count, char **arguments)
{
    std::string line;

    configure();
    while (std::getline(std::cin, line)) {
        std::istringstream words(line);
        Run run;
        uint64_t place;

        if (!(words >> run.set >> run.size >> run.rate_bps >> run.rtt_ns >> run.loss >> run.trial) ||
            !choose(run.set)) {
            std::cerr << "not a run: " << line << "\n";
            return 2;
        }
        while (words >> place)
            run.lost.insert(place);
        carry(run, count > 1 ? arguments[1] : nullptr);
    }
    return 0;
}
