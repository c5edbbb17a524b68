using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;
using Amalgam.Engines.Simulated;

namespace Amalgam.Hosting;

/// <summary>The engines of this cloud: this machine first, then a simulated fleet where one was asked for.</summary>
internal static class EngineList
{
    private const string Local = "local";

    /// <summary>Refuses, before anything is opened, engines that this release does not have.</summary>
    public static void Check(IReadOnlyList<string> asked)
    {
        foreach (var name in asked.Where(name => name != Local))
        {
            throw name is "slurm" or "kubernetes"
                ? new CommandException($"the {name} engine is not in this release: leave --engine out, or say --engine {Local}")
                : new CommandException($"there is no engine '{name}': {Local}, slurm or kubernetes", 2);
        }
    }

    public static IReadOnlyList<IEngine> Of(UpOptions options, DataDirectory data, Machine machine)
    {
        var local = new LocalEngine(new LocalEngineOptions { DataDirectory = data.Path, Nodes = () => machine.Nodes });
        return options.Fleet is { } file ? [local, new SimulatedEngine(Read(file, machine), data.Path)] : [local];
    }

    private static SimulatedFleet Read(string file, Machine machine)
    {
        try
        {
            var fleet = SimulatedFleet.Parse(File.ReadAllText(file), chip => machine.Chips.Find(chip)?.MemoryMiB);
            var both = fleet.Nodes.Select(node => node.ChipClass).FirstOrDefault(chip => machine.Nodes.Any(node => node.ChipClass == chip));
            return both is null
                ? fleet
                : throw new CommandException($"{file}: {both} is a class of this machine too, and simulated and real devices of one class cannot be told apart: take it out of the fleet");
        }
        catch (EngineException wrong)
        {
            throw new CommandException($"{file}: {wrong.Message}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"the fleet file {file} cannot be read: {fault.Message.ReplaceLineEndings(" ")}");
        }
    }
}
