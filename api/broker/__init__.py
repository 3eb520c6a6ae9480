"""Live events from a message broker: NATS JetStream, Redis streams, RabbitMQ or Kafka."""
