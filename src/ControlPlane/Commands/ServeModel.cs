using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`serve`: one model behind one name.</summary>
public static class ServeModel
{
    public const int DefaultContext = 4096;

    public static Decision<string> Decide(CloudState state, Caller caller, ServeRequest request, ModelFacts model, IReadOnlyList<NodeObservation> nodes, Fits fits)
    {
        var asked = Spec(state, caller, request, model, nodes);
        if (asked.Refusal is { } refusal)
        {
            return refusal;
        }

        var spec = asked.Value!;
        if (state.OpenServices.FirstOrDefault(other => other.Spec.Name == spec.Name) is { } same)
        {
            return new Refusal(RefusalCodes.Conflict, Permission.Sees(state, caller, same.Spec.Unit)
                ? $"{spec.Name} is served already ({same.Id}): choose another --name, or `amalgam stop {same.Id}` first"
                : $"the name {spec.Name} is taken: choose another --name");
        }

        var considered = fits.Considered(state, spec, nodes);
        if (!considered.Any(chip => chip.Fit.Fits))
        {
            return new Refusal(RefusalCodes.TooLarge, $"no chip here can serve {spec.Name}: {string.Join("; ", considered.Select(chip => $"{chip.ChipClass}: {chip.Fit.Why}"))}");
        }

        var id = $"w{state.NextWorkload}";
        return State.Decide.Yes(id, new WorkloadSubmitted(id, spec));
    }

    public static Outcome<WorkloadSpec> Spec(CloudState state, Caller caller, ServeRequest request, ModelFacts model, IReadOnlyList<NodeObservation> nodes)
    {
        var known = nodes.Select(node => node.ChipClass).ToHashSet(StringComparer.Ordinal);
        var unit = Placement.Unit(state, caller, request.Unit);
        var devices = Amounts.Devices(request.Devices);
        var idle = Amounts.Seconds("the idle time", request.IdleSeconds);
        var grace = Amounts.Seconds("the grace", request.GraceSeconds);
        var chips = Placement.Chips(request.Chips, known);
        var name = request.Name ?? model.SuggestedName;
        var wrong = unit.Refusal ?? devices.Refusal ?? idle.Refusal ?? grace.Refusal ?? chips.Refusal ?? Names.Check("model", name) ?? Check(request, model);
        if (wrong is null && request.OpenTo is { } to && !Permission.Sees(state, caller, to))
        {
            wrong = Permission.NoUnit(state, caller, to);
        }

        if (wrong is not null)
        {
            return wrong;
        }

        return new WorkloadSpec
        {
            Name = name,
            Unit = unit.Value!,
            DevicesMilli = devices.Value,
            Chips = chips.Value!,
            Priority = request.Priority,
            Preemptible = request.Preemptible,
            Service = new ServiceSpec
            {
                Model = model.Model,
                ModelPath = model.Path,
                ModelKey = model.Key,
                MinReplicas = request.MinReplicas,
                MaxReplicas = request.MaxReplicas,
                Context = request.Context ?? Math.Min(DefaultContext, model.TrainedContext > 0 ? model.TrainedContext : DefaultContext),
                Slots = request.Slots,
                Runtime = request.Runtime,
                OpenTo = request.OpenTo ?? unit.Value!,
                IdleMs = idle.Value ?? 300_000,
                GraceMs = grace.Value ?? 30_000,
            },
        };
    }

    private static Refusal? Check(ServeRequest request, ModelFacts model)
    {
        if (request.MinReplicas < 0 || request.MaxReplicas < 1 || request.MinReplicas > request.MaxReplicas || request.MaxReplicas > 10_000)
        {
            return Invalid($"replicas must be MIN..MAX with 0 <= MIN <= MAX, MAX between 1 and 10000, not {request.MinReplicas}..{request.MaxReplicas}");
        }

        if (request.Slots is < 1 or > 256)
        {
            return Invalid($"a replica answers between 1 and 256 requests at once, not {request.Slots}");
        }

        if (request.Priority is < -1000 or > 1000)
        {
            return Invalid($"the priority must be between -1000 and 1000, not {request.Priority}");
        }

        if (request.Context is < 16)
        {
            return Invalid($"the context must be at least 16 tokens, not {request.Context}");
        }

        return request.Context > model.TrainedContext && model.TrainedContext > 0
            ? Invalid($"the model was trained for {model.TrainedContext} tokens: a context of {request.Context} is too long, ask for at most {model.TrainedContext}")
            : null;
    }

    private static Refusal Invalid(string message) => new(RefusalCodes.Invalid, message);
}
