using Amalgam.ControlPlane.Loops;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Microsoft.Extensions.DependencyInjection;

namespace Amalgam.Hosting;

/// <summary>Which loop looks at once when what was recorded. Without it all would still happen, at the next timer.</summary>
internal static class Signals
{
    public static void Connect(IServiceProvider services)
    {
        // Made now, so that it sees every record from the start.
        services.GetRequiredService<Audit>();
        var moves = services.GetRequiredService<MoveLoop>();
        var plan = services.GetRequiredService<PlanLoop>();
        var engines = services.GetServices<EngineLoop>().ToList();
        var readiness = services.GetRequiredService<ReadinessLoop>();
        var scaling = services.GetRequiredService<ScalingLoop>();
        var router = services.GetRequiredService<ReplicaRouter>();
        router.Waiting += scaling.Signal;
        services.GetRequiredService<Cloud>().Changed += records =>
        {
            foreach (var record in records)
            {
                switch (record.Event)
                {
                    case LeaseStarted or LeaseEnding:
                        engines.ForEach(engine => engine.Signal());
                        readiness.Signal();
                        break;
                    case UnitMoveScheduled or UnitMoveCancelled:
                        moves.Signal();
                        break;
                    case UnitMoved or WorkloadSubmitted or WorkloadScaled or WorkloadDelayed or UnitSet or UnitRemoved or SpeedMeasured or LeaseEnded:
                        plan.Signal();
                        break;
                    case WorkloadEnded or WorkloadStopRequested:
                        router.Wake();
                        plan.Signal();
                        break;
                }
            }
        };
    }
}
