using Amalgam.Simulation.Commands;

if (args is ["simulate", .. var rest])
{
    return SimulateCommand.Run(rest, Console.Out, Console.Error);
}
return 0;
