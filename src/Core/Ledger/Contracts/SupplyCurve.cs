using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger.Stock;

namespace Amalgam.Core.Ledger.Contracts;

/// <summary>
/// Expected healthy devices of one class over time: what is there now less what is lost, failing evenly, with what is on order at its date. Milli-devices in whole
/// numbers; twelve equal steps a year, as the forecast takes them.
/// </summary>
internal sealed class SupplyCurve
{
    private const long StepMs = 365L * 86_400_000 / 12;
    private const long Million = 1_000_000;

    private readonly List<(long AtMs, long Milli)> _points = [];

    public SupplyCurve(CloudState state, string chipClass, RiskQuestion question, long toMs)
    {
        NowMilli = Supply.Devices(state, chipClass, question.NowMs, question.NowMs) * 1000;
        AfterLossMilli = NowMilli - (long)((Int128)NowMilli * question.Lose.GetValueOrDefault(chipClass) / Million);
        var milli = AfterLossMilli;
        _points.Add((question.NowMs, milli));
        for (var at = question.NowMs; at < toMs; at += StepMs)
        {
            milli -= (long)((Int128)milli * question.FailurePerYear.GetValueOrDefault(chipClass) / (12 * Million));
            milli += state.Stock.Arriving(chipClass, at, at + StepMs) * 1000;
            _points.Add((at + StepMs, milli));
        }
    }

    public long NowMilli { get; }

    public long AfterLossMilli { get; }

    /// <summary>Instants at which the supply changes.</summary>
    public IEnumerable<long> Times => _points.Select(point => point.AtMs);

    public long At(long atMs) => _points.FindLast(point => point.AtMs <= atMs).Milli;
}
