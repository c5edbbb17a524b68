using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;

namespace Amalgam.Hosting;

/// <summary>The log of a lease lies with the engine that ran it.</summary>
internal sealed class EngineLogs(Cloud cloud, Pool pool, IReadOnlyList<IEngine> engines) : IMemberLogs
{
    public IAsyncEnumerable<LogLine> ReadAsync(string leaseId, bool follow, int? tailLines, CancellationToken cancel)
    {
        var name = cloud.Read(state => state.Lease(leaseId)) is { } lease ? pool.EngineOf(lease.Node) : engines[0].Name;
        return ((IMemberLogs)engines.First(engine => engine.Name == name)).ReadAsync(leaseId, follow, tailLines, cancel);
    }
}
