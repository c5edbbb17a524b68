using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;
using Amalgam.Engines.Simulated;
using Amalgam.Engines.Slurm;

namespace Amalgam.Hosting;

/// <summary>The engines of this cloud: this machine first, then a Slurm cluster and a simulated fleet where they were asked for.</summary>
internal static class EngineList
{
    private const string Local = "local";
    private const string Slurm = "slurm";

    public static bool HasLocal(UpOptions options) => options.Engines.Count == 0 || options.Engines.Contains(Local);

    public static bool HasSlurm(UpOptions options) => options.Engines.Contains(Slurm);

    /// <summary>Refuses, before anything is opened, engines that this release does not have or that can never work as asked.</summary>
    public static async Task CheckAsync(UpOptions options, CancellationToken cancel)
    {
        foreach (var name in options.Engines.Where(name => name is not (Local or Slurm)))
        {
            throw name == "kubernetes"
                ? new CommandException($"the {name} engine is not in this release: leave --engine out, or say --engine {Local} or --engine {Slurm}")
                : new CommandException($"there is no engine '{name}': {Local}, slurm or kubernetes", 2);
        }

        if (!HasSlurm(options))
        {
            if (options.SlurmPartitions.Count > 0 || options.SlurmAccount is not null || options.SlurmFolder is not null)
            {
                throw new CommandException($"--slurm-… options need --engine {Slurm}", 2);
            }

            return;
        }

        try
        {
            if (await SlurmEngine.ProbeAsync(options.SlurmPartitions, cancel) is { } silence)
            {
                Console.Error.WriteLine($"amalgam: {silence}; it is tried again, and what does not need Slurm works meanwhile");
            }
        }
        catch (EngineException wrong)
        {
            throw new CommandException(wrong.Message);
        }
    }

    public static IReadOnlyList<IEngine> Of(UpOptions options, DataDirectory data, Machine machine)
    {
        var engines = new List<IEngine>();
        if (HasLocal(options))
        {
            engines.Add(new LocalEngine(new LocalEngineOptions { DataDirectory = data.Path, Nodes = () => machine.Nodes }));
        }

        if (HasSlurm(options))
        {
            engines.Add(OnSlurm(options, data, machine));
        }

        if (options.Fleet is { } file)
        {
            engines.Add(new SimulatedEngine(Read(file, machine), data.Path));
        }

        return engines;
    }

    private static SlurmEngine OnSlurm(UpOptions options, DataDirectory data, Machine machine)
    {
        try
        {
            return new SlurmEngine(new SlurmOptions
            {
                SharedDirectory = options.SlurmFolder ?? data.In("slurm"),
                Chip = (name, type) => SlurmChips.Find(machine.Chips, name, type),
                ChipNames = SlurmChips.Names(machine.Chips),
                Partitions = options.SlurmPartitions,
                Account = options.SlurmAccount,
                Tell = line => Console.WriteLine($"  look      {line}"),
            });
        }
        catch (EngineException wrong)
        {
            throw new CommandException(wrong.Message);
        }
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
